"""System calls of a running process, watched, and one of them made to fail (strace).

    process = start_held([sys.executable, "-m", "..."])
    with Trace(process.pid, log, paths, Injection("fdatasync", "EIO", 2)) as trace:
        release(process)
        ...
    assert trace.injected()

Only calls that name one of the paths, or a descriptor of one, are watched and counted,
in each thread for itself. An injected call is not carried out.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 20.0  # seconds that attaching may take
LOOK = 0.001  # seconds between two looks
HELD = 'kill -STOP $$; exec "$0" "$@"'
LINE = re.compile(r"(\d+) +([\d.]+) (.*)")
RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
UNFINISHED = " <unfinished ...>"
CALL = re.compile(r"(\w+)\((.*)\) += (-?\w+)(?: (\w+) )?")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
DESCRIPTOR = re.compile(r"\d+<([^>]*)>")


def is_available() -> bool:
    """Tell whether system calls can be watched here."""
    return shutil.which("strace") is not None


@dataclass(frozen=True, slots=True)
class Injection:
    """The n-th call of that name in a thread ends with that error."""

    call: str
    error: str
    nth: int

    def __str__(self) -> str:
        return f"{self.call} {self.error} #{self.nth}"

    def expression(self) -> str:
        """Say it in strace's words."""
        return f"inject={self.call}:error={self.error}:when={self.nth}"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that was watched; `error` is empty where it succeeded."""

    thread: int
    at: float
    name: str
    paths: tuple[str, ...]
    result: str
    error: str
    injected: bool


class Trace:
    """Watches a process and its threads from now on, until the block ends."""

    def __init__(
        self,
        pid: int,
        log: Path,
        paths: Iterable[Path],
        injection: Injection | None = None,
    ) -> None:
        self._log = log
        # -I1: it can be ended like any other program.
        line = ["strace", "-I1", "-f", "-y", "-ttt", "-o", str(log), "-p", str(pid)]
        line += ["-e", "signal=none"]
        if injection is not None:
            line += ["-e", injection.expression()]
        line += [word for path in paths for word in ("-P", str(path))]
        self._process = subprocess.Popen(line, stderr=subprocess.PIPE, bufsize=0)  # noqa: S603
        self._await_attached()

    def _await_attached(self) -> None:
        assert self._process.stderr is not None
        said = b""
        while b" attached" not in said:
            ready = select.select([self._process.stderr], [], [], PATIENCE)[0]
            more = self._process.stderr.read(4096) if ready else b""
            if not more:
                self.close()
                raise OSError(f"strace did not attach: {said.decode()}")
            said += more

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the process go on unwatched."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def calls(self) -> list[Call]:
        """Give the calls that have ended, in that order."""
        lines = self._log.read_text(errors="replace").splitlines()
        return list(parse(lines))

    def injected(self) -> list[Call]:
        """Give the calls that were made to fail."""
        return [call for call in self.calls() if call.injected]


def parse(lines: Iterable[str]) -> Iterator[Call]:
    """Read what strace has written."""
    begun: dict[str, str] = {}
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            continue
        thread, at, rest = found.groups()
        if rest.endswith(UNFINISHED):
            begun[thread] = rest.removesuffix(UNFINISHED)
            continue
        if resumed := RESUMED.fullmatch(rest):
            rest = begun.pop(thread, "") + resumed[1]
        if call := CALL.match(rest):
            yield _call(int(thread), float(at), call, rest)


def _call(thread: int, at: float, found: re.Match[str], rest: str) -> Call:
    name, arguments, result, error = found.groups()
    paths = DESCRIPTOR.findall(arguments) + QUOTED.findall(arguments)
    failed = error if result == "-1" and error else ""
    injected = rest.endswith("(INJECTED)")
    return Call(thread, at, name, tuple(paths), result, failed, injected)


def start_held(command: Sequence[str], **settings: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
    """Start a process that stands still before its first step; see `release`."""
    line = ["/bin/sh", "-c", HELD, *command]
    process = subprocess.Popen(line, **settings)  # noqa: S603
    wait_held(process)
    return process


def wait_held(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process stands still."""
    stat = Path(f"/proc/{process.pid}/stat")
    while stat.read_text().rpartition(")")[2].split()[0] not in "TZ":
        select.select([], [], [], LOOK)


def release(process: subprocess.Popen[bytes]) -> None:
    """Let a process begin."""
    os.kill(process.pid, signal.SIGCONT)
