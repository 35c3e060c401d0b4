"""A real server on a data folder, for tests that take it away and start it again."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from penstock.testing.callers import Unreachable
from penstock.testing.tracing import start_held

LOOK = 0.005  # seconds between two looks
START = 30.0  # seconds that a start may take
END = 20.0  # seconds that an end may take before it is forced

# Gives the command of a server: from its data folder and the path of its socket.
Command = Callable[[Path, Path], list[str]]


def penstock(data: Path, address: Path) -> list[str]:
    """The server that this is about."""
    program = [sys.executable, "-m", "penstock.cli.main", "serve"]
    return [
        *program,
        "--log-format=json",
        f"--beanstalk=unix:{address}",
        f"--data={data}",
    ]


def beanstalkd(data: Path, address: Path, option: str) -> list[str]:
    """The real beanstalkd, which loses jobs when the power goes."""
    program = ["beanstalkd", "-l", f"unix:{address}", "-b", str(data), option]
    # It makes no folder itself, and the one who starts it must not touch the disk.
    script = f'mkdir -p {shlex.quote(str(data))} && exec "$0" "$@"'
    return ["/bin/sh", "-c", script, *program]


class Question:
    """Asks a server something, as soon as it listens; it listens before it serves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        self._asked = False

    def is_answered(self) -> bool:
        """Look whether the answer has come."""
        try:
            if not self._asked:
                self._socket.connect(str(self._path))
                self._socket.sendall(b"list-tube-used\r\n")
                self._asked = True
            return self._socket.recv(100).startswith(b"USING")
        except OSError:
            return False

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()


class DataServer:
    """One run of a server; `log` gets all that it says, `address` is where it listens.

    A `held` one stands still before its first step, to be watched from the first.
    """

    def __init__(
        self,
        command: Command,
        data: Path,
        folder: Path,
        name: str,
        *,
        held: bool = False,
    ) -> None:
        self.socket = folder / f"{name}.sock"
        self.address = f"unix:{self.socket}"
        self.log = folder / f"{name}.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
        start = start_held if held else subprocess.Popen
        with self.log.open("wb") as output:
            self.process: subprocess.Popen[bytes] = start(
                command(data, self.socket),
                cwd=folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait_serving(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until it answers; tell whether it does, or has ended before, or what we
        wait for besides has come."""
        last = time.monotonic() + START
        with contextlib.closing(Question(self.socket)) as question:
            while time.monotonic() < last and not self.has_ended() and not until():
                if question.is_answered():
                    return True
                select.select([], [], [], LOOK)
        return False

    def has_ended(self) -> bool:
        """Tell whether the process has ended."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End it like a crash; `wait` until it has ended."""
        self.process.kill()

    def wait(self, seconds: float = END) -> int:
        """Wait until it has ended; give its exit status."""
        return self.process.wait(seconds)

    def stop(self) -> int:
        """Ask it to end, as its operator does; give its exit status."""
        self.process.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        """Everything that it has said."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a recorder ended: its status and its counts."""

    status: int
    counts: dict[str, int]
    said: str

    def came_too_late(self) -> bool:
        """Tell whether the server was gone before it could be reached."""
        return self.status == 1 and self.said.startswith(str(Unreachable.__doc__))


class RecorderProcess:
    """A recorder at work, in a process of its own."""

    def __init__(self, address: str, history: Path, *options: str) -> None:
        command = [sys.executable, "-m", "penstock.testing.recorder", address]
        self._process = subprocess.Popen(  # noqa: S603  (ourselves, without a shell)
            [*command, str(history), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def end(self) -> None:
        """End it: there is nothing to record."""
        self._process.terminate()

    def wait(self, seconds: float) -> Recorded:
        """Wait until it has ended by itself; end it where it does not."""
        try:
            out, error = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, error = self._process.communicate()
        counts: dict[str, int] = json.loads(out) if out else {}
        return Recorded(self._process.returncode, counts, error.decode())
