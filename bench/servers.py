"""Servers under test: how each is started, pinned to a core, watched and stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"

READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 10.0


class BenchError(Exception):
    """The benchmark cannot go on."""


@dataclass(frozen=True)
class Spec:
    """A server's command; PORT and DATA (a fresh folder) are filled in."""

    name: str
    command: str
    greeting: bytes = b"use ready\r\n"

    def missing(self) -> str | None:
        """Say why it cannot be started, if it cannot."""
        if not self.command:
            return f"{self.name}: no command given"
        program = shlex.split(self.command)[0]
        return None if find(program) else f"{self.name}: {program} is not installed"


def find(program: str) -> str | None:
    """Give a program's path; one with a slash is seen from the project's folder."""
    if os.sep in program:
        return shutil.which(str(ROOT / program))
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")


def specs(penstock: str, durable: str) -> dict[str, Spec]:
    """All servers by name."""
    redis = "redis-server --port PORT --bind 127.0.0.1 --save '' --dir DATA"
    found = (
        Spec("penstock", penstock),
        Spec("penstock-durable", durable),
        Spec("beanstalkd", "beanstalkd -l 127.0.0.1 -p PORT"),
        Spec("beanstalkd-50ms", "beanstalkd -l 127.0.0.1 -p PORT -b DATA"),
        Spec("beanstalkd-f0", "beanstalkd -l 127.0.0.1 -p PORT -b DATA -f0"),
        Spec("redis", f"{redis} --appendonly no", b"PING\r\n"),
        Spec(
            "redis-always",
            f"{redis} --appendonly yes --appendfsync always",
            b"PING\r\n",
        ),
        Spec("echo", f"{BUILD / 'echo'} PORT", b"anything\r\n"),
    )
    return {spec.name: spec for spec in found}


def cores() -> tuple[int, int]:
    """The server's core and the generator's; the same where there is but one."""
    found = sorted(os.sched_getaffinity(0))
    return found[0], found[min(1, len(found) - 1)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A started server, pinned to its core."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.port = free_port()
        self.log = BUILD / f"{spec.name}.log"
        BUILD.mkdir(parents=True, exist_ok=True)
        # On the disk of the working tree: a folder in memory would sync for nothing.
        self.data = Path(tempfile.mkdtemp(prefix="data-", dir=BUILD))
        began = time.monotonic()
        self._process = self._spawn()
        try:
            self._await_first_reply()
        except BaseException:  # an interrupt too must not leave it running
            self.stop()
            raise
        self.start_s = time.monotonic() - began

    @property
    def pid(self) -> int:
        return self._process.pid

    def _spawn(self) -> subprocess.Popen[bytes]:
        words = [
            word.replace("PORT", str(self.port)).replace("DATA", str(self.data))
            for word in shlex.split(self.spec.command)
        ]
        words[0] = find(words[0]) or words[0]
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - the user's own command
                ["/usr/bin/taskset", "-c", str(cores()[0]), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    def _await_first_reply(self) -> None:
        limit = time.monotonic() + READY_WITHIN_S
        while not self._replies():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise BenchError(
                    f"{self.spec.name} did not start: {self._last_words()}"
                )
            time.sleep(0.002)

    def _replies(self) -> bool:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 5) as s,
        ):
            s.sendall(self.spec.greeting)
            return bool(s.recv(64))
        return False

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def restart(self) -> float:
        """End it and start it on the same folder; give the seconds to a reply."""
        self._end()
        began = time.monotonic()
        self._process = self._spawn()
        self._await_first_reply()
        return time.monotonic() - began

    def resident_bytes(self) -> int:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"{self.spec.name}: no VmRSS in its status")

    def stop(self) -> None:
        """End the process, and remove its folder."""
        self._end()
        shutil.rmtree(self.data, ignore_errors=True)

    def _end(self) -> None:
        """End the process, by force when it does not end by itself."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
