"""What systemd is told: ready, stopping, and signs of life (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import socket

import structlog

logger = structlog.get_logger("penstock.server")


class Notifier:
    """Sends to the socket that systemd named; without one, nothing."""

    def __init__(self, path: str | None, watchdog: int | None) -> None:
        self._path = path
        # Twice in the time it grants (microseconds), so that one may come late.
        self._interval = watchdog / 2e6 if path and watchdog else None
        self._timer: asyncio.TimerHandle | None = None

    def ready(self) -> None:
        """Say that clients are served, and from now on that the loop goes round."""
        self._send(f"READY=1\nMAINPID={os.getpid()}")
        self._beat()

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Give no more signs of life."""
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        if self._interval is not None:
            self._send("WATCHDOG=1")
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval, self._beat)

    def _send(self, text: str) -> None:
        if self._path is None:
            return
        # An @ stands for the zero byte of a name outside the file system.
        name = "\0" + self._path[1:] if self._path[0] == "@" else self._path
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            try:
                channel.sendto(text.encode(), name)
            except OSError as error:
                logger.warning("systemd was not told", text=text, error=str(error))
