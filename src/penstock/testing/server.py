"""A real server in a process of its own, on a free port or a Unix socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = 20.0  # seconds that a start may take
END = 10.0  # seconds that an end may take before it is forced
LOOK = 0.01  # seconds between two looks


class NotServing(Exception):  # noqa: N818  (what it says, not which kind it is)
    """The server ended, or said nothing, before it served."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that serves; `addresses` are written as in the settings."""

    process: subprocess.Popen[bytes]
    addresses: tuple[str, ...]
    log: Path

    @property
    def host(self) -> str:
        """The first listener's host."""
        return self.addresses[0].rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The first listener's port."""
        return int(self.addresses[0].rpartition(":")[2])

    def entries(self) -> list[dict[str, Any]]:
        """Everything that the server has logged so far."""
        return _entries(self.log)


@contextmanager
def running_server(
    *arguments: str,
    beanstalk: Sequence[str] = ("127.0.0.1:0",),
    data: Path | None = None,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "penstock.cli.main"),
    close_fds: bool = True,
) -> Iterator[RunningServer]:
    """Give a server that serves; with the block it ends.

    `arguments` are flags of `penstock serve`, `beanstalk` where it listens; port 0 is
    any free one. Jobs are kept in memory, or in the folder `data`. Its settings are
    these alone: it runs in an empty folder, and of our variables it gets those in
    `environ`. Without `close_fds` it inherits descriptors.

        with running_server() as server:
            client = greenstalk.Client((server.host, server.port))
    """
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        log = Path(folder, "log")
        listens = [f"--beanstalk={address}" for address in beanstalk]
        keeps = "--memory" if data is None else f"--data={data.absolute()}"
        line = [*command, "serve", keeps, "--log-format=json", *listens]
        process = _start(
            [*line, *arguments], folder, log, environ or {}, close_fds=close_fds
        )
        try:
            yield RunningServer(process, _addresses(process, log), log)
        finally:
            _end(process)


def _start(
    line: list[str],
    folder: str,
    log: Path,
    environ: Mapping[str, str],
    *,
    close_fds: bool,
) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603  (our own server, without a shell)
            line,
            cwd=folder,
            env={**kept, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            close_fds=close_fds,
        )


def _addresses(process: subprocess.Popen[bytes], log: Path) -> tuple[str, ...]:
    """Wait until the server says where it listens."""
    last = time.monotonic() + START
    while time.monotonic() < last:
        ended = has_ended(process, LOOK)
        for entry in _entries(log):
            if entry.get("event") == "serving":
                return tuple(entry["beanstalk"])
        if ended:
            break
    raise NotServing(log.read_text(errors="replace").strip() or "it said nothing")


def _entries(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line[:1] == "{" and line[-1] == "\n"]


def has_ended(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Wait that many seconds for a process to end; tell whether it did."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    if not has_ended(process, END):
        process.kill()
        process.wait()
