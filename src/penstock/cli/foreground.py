"""The server in the foreground: from settings to sockets, and what is said about it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog

import penstock
from penstock import config
from penstock.cli import log_output
from penstock.clock import SystemClock
from penstock.config import Settings, Systemd
from penstock.errors import ConfigError
from penstock.log import Log
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.log.file.folder import FileFolder
from penstock.log.memory import MemoryLog
from penstock.server import access, limits, listeners
from penstock.server.address import Address, TcpAddress
from penstock.server.lifecycle import Bounds, Server, hold_signals
from penstock.server.listeners import Door
from penstock.server.notify import Notifier

KEPT_IN_MEMORY = "jobs are kept in memory: they are gone when the server stops"
FIRST_JOB = r"printf 'put 0 0 60 5\r\nhello\r\nquit\r\n'"

logger = structlog.get_logger("penstock.server")


def run(flags: Mapping[str, Any], file: Path | None, *, insecure_public: bool) -> int:
    """Serve until told to end; give the exit status."""
    settings = config.load(flags, file, os.environ)
    systemd = config.from_systemd(os.environ, os.getpid())
    log_output.set_up(settings.log_format)
    bounds = _bounds(settings)
    hold_signals()
    doors = _doors(settings, systemd, insecure_public=insecure_public)
    return _loop_runner()(_serve(settings, systemd, bounds, doors))


def _bounds(settings: Settings) -> Bounds:
    descriptors = limits.raise_descriptors()
    return Bounds(
        settings.max_job_size,
        limits.most_connections(descriptors, settings.max_connections),
        settings.max_memory or limits.most_memory(),
    )


def _doors(
    settings: Settings, systemd: Systemd, *, insecure_public: bool
) -> list[Door]:
    """Open what is configured; sockets from systemd stand in for the defaults."""
    inherited = listeners.adopt(systemd.sockets)
    taken = [door.address for door in inherited]
    wanted = None if settings.beanstalk is None else list(settings.beanstalk)
    if wanted is None and taken:
        wanted = []
    named = [] if wanted is None else [each for each in wanted if each not in taken]
    access.check(taken + named, settings.allow, insecure_public=insecure_public)
    doors = inherited + listeners.open_all(None if wanted is None else named)
    if not doors:
        raise ConfigError("beanstalk = off: no other listener is there to serve")
    return doors


def _loop_runner() -> Callable[[Coroutine[Any, Any, int]], int]:
    try:
        import uvloop  # noqa: PLC0415  (absent where it has no wheel)
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _serve(
    settings: Settings, systemd: Systemd, bounds: Bounds, doors: list[Door]
) -> int:
    log, mode = _log(settings)
    server = Server(
        doors,
        log,
        mode,
        SystemClock(),
        bounds,
        settings.allow,
        Notifier(systemd.notify, systemd.watchdog),
    )
    addresses = [door.address for door in doors]
    return await server.run(lambda: announce(addresses, settings.log_format))


def _log(settings: Settings) -> tuple[Log, str]:
    """Give the log that the settings ask for, and what its mode is called."""
    if settings.data is None:
        return MemoryLog(), "memory"
    folder = FileFolder(settings.data)
    folder.make()
    folder.lock()
    disk = Disk(settings.data, settings.sync.interval)
    return FileLog(folder, disk), settings.sync.text


# What is said at the start.


def announce(addresses: list[Address], log_format: str) -> None:
    """Say that clients are served, and where."""
    if log_format == "json":
        logger.info(
            "serving",
            version=penstock.__version__,
            pid=os.getpid(),
            beanstalk=[str(address) for address in addresses],
            mode="memory",
            note=KEPT_IN_MEMORY,
        )
        return
    # Who starts us may have closed our stderr: that is no reason not to serve.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print("\n".join(banner(addresses)), file=sys.stderr, flush=True)


def banner(addresses: list[Address]) -> list[str]:
    """Give the lines that a person reads first."""
    return [
        f"Penstock {penstock.__version__}, pid {os.getpid()}",
        *(f"  beanstalk  {address}" for address in addresses),
        f"  {KEPT_IN_MEMORY}",
        f"  try it     {first_job(addresses[0])}",
    ]


def first_job(address: Address) -> str:
    """Give the line that puts a first job."""
    if isinstance(address, TcpAddress):
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
        return f"{FIRST_JOB} | nc {host} {address.port}"
    return f"{FIRST_JOB} | nc -U {address.path}"
