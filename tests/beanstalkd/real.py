"""The real beanstalkd with a binlog, its jobs in all states, stopped hard."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.conformance.servers import ServerProcess

needs_beanstalkd = pytest.mark.skipif(
    shutil.which("beanstalkd") is None, reason="beanstalkd is not installed here"
)
TUBES = ("mail", "thumbs", "a-longer.name_(x)+y/z;$1")
BINLOG = 100_000  # bytes of a file


class Client:
    """Asks one thing after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._stream = self._socket.makefile("rwb")

    def ask(self, line: str, body: bytes | None = None) -> tuple[list[str], bytes]:
        self._stream.write(line.encode() + b"\r\n")
        if body is not None:
            self._stream.write(body + b"\r\n")
        self._stream.flush()
        words = self._stream.readline().decode().split()
        if words[0] not in ("RESERVED", "FOUND", "OK"):
            return words, b""
        content = self._stream.read(int(words[-1]))
        self._stream.read(2)
        return words, content

    def stats(self, id: int) -> dict[str, str]:
        lines = self.ask(f"stats-job {id}")[1].decode().splitlines()
        pairs = (line.split(": ", 1) for line in lines if ": " in line)
        return {key: value.strip('"') for key, value in pairs}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()


@dataclass
class Story:
    """What was done to a beanstalkd, and what its binlog was told last of each job."""

    client: Client
    chance: Random
    bodies: dict[int, bytes] = field(default_factory=dict)
    told: dict[int, dict[str, str]] = field(default_factory=dict)

    def note(self, id: int) -> None:
        self.told[id] = self.client.stats(id)

    def put(self) -> None:
        chance = self.chance
        body = chance.randbytes(chance.choice((0, 1, 20, 200, 1500)))
        pri, delay = chance.randrange(1 << 32), chance.choice((0, 0, 0, 500, 100_000))
        self.client.ask(f"use {chance.choice(TUBES)}")
        put = f"put {pri} {delay} {chance.randrange(1, 1000)} {len(body)}"
        id = int(self.client.ask(put, body)[0][1])
        self.bodies[id] = body
        self.note(id)

    def take(self) -> None:
        """Reserve a job and do one of the things that a worker may do."""
        words, _body = self.client.ask("reserve-with-timeout 0")
        if words[0] != "RESERVED":
            return
        id, pri = int(words[1]), self.chance.randrange(1 << 32)
        what = self.chance.choice(("delete", "delete", "bury", "delay", "back", "keep"))
        if what == "delete":
            self.client.ask(f"delete {id}")
            del self.bodies[id], self.told[id]
        elif what == "bury":
            self.client.ask(f"bury {id} {pri}")
            self.note(id)
        elif what == "delay":
            self.client.ask(f"release {id} {pri} {self.chance.randrange(300, 900)}")
            self.note(id)
        elif what == "back":
            self.client.ask(f"release {id} {pri} 0")  # no binlog is told

    def kick(self) -> None:
        id = self.chance.choice(list(self.bodies))
        if self.client.ask(f"kick-job {id}")[0] == ["KICKED"]:
            self.note(id)

    def go_on(self, jobs: int) -> None:
        for tube in TUBES:
            self.client.ask(f"watch {tube}")
        while len(self.bodies) < jobs:
            act = self.chance.choice((self.put, self.put, self.put, self.take))
            act()
            if self.chance.random() < 0.05:
                self.kick()


@contextmanager
def beanstalkd(folder: Path, *options: str) -> Iterator[ServerProcess]:
    """Run it on a folder, and kill it with the block."""
    command = ["beanstalkd", "-l127.0.0.1", "-p{port}", "-b", str(folder), *options]
    server = ServerProcess(command)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def write(folder: Path, jobs: int, seed: int = 1) -> Story:
    """Make a binlog with that many jobs."""
    folder.mkdir(parents=True)
    with beanstalkd(folder, f"-s{BINLOG}") as server, Client(server.port) as client:
        story = Story(client, Random(seed))
        story.go_on(jobs)
        server.process.kill()
    return story


def image(folder: Path) -> dict[str, bytes]:
    """Give the files with their bytes, permissions and times."""
    found = {}
    for each in sorted(folder.iterdir()):
        told = each.stat()
        head = f"{told.st_mode} {told.st_mtime_ns} {told.st_size} "
        found[each.name] = head.encode() + each.read_bytes()
    return found
