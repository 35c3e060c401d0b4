"""A full disk refuses puts and nothing else, and is left again without a restart.

Each server is on a file system of its own, a few mebibytes of memory in a mount
namespace that nobody else sees and that ends with the test.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from penstock.testing.data_server import DataServer

PATIENCE = 10.0  # seconds until something that must come is missed
PROGRAM = "penstock.cli.main"
MIB = 1024 * 1024
HOLD = 'mount -t tmpfs -o size="$1" penstock "$2" && echo mounted && exec sleep 600'


class SmallDisk:
    """A file system of so many bytes on a folder, for those who enter its namespace."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        folder.mkdir()
        unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", HOLD]
        self._holder = subprocess.Popen(
            [*unshare, "sh", str(size), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._holder.stdout is not None
        self.is_mounted = self._holder.stdout.readline() == b"mounted\n"

    def enter(self) -> list[str]:
        """Give the beginning of a command that is to see it."""
        return ["nsenter", "--mount", "--target", str(self._holder.pid), "--"]

    def seen_from_outside(self) -> Path:
        """Give the path of it for those who have not entered."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()


@pytest.fixture
def disk(tmp_path, request) -> Iterator[SmallDisk]:
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("nsenter"):
        pytest.skip("SKIPPED, NOT PASSED: only root mounts a small file system here")
    with contextlib.closing(SmallDisk(tmp_path / "disk", request.param)) as small:
        if not small.is_mounted:
            pytest.skip("SKIPPED, NOT PASSED: no file system can be mounted here")
        yield small


class Client:
    """Says lines and reads answers."""

    def __init__(self, server: DataServer) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(server.socket))
        self.reader = self.socket.makefile("rb")

    def ask(self, line: bytes) -> bytes:
        self.socket.sendall(line)
        return self.reader.readline()

    def put(self, body: bytes, count: int = 1) -> list[int]:
        """Put jobs at once; give their ids, as far as there was room."""
        self.socket.sendall(count * (b"put 0 0 60 %d\r\n%b\r\n" % (len(body), body)))
        answers = [self.reader.readline().split() for _ in range(count)]
        assert all(a[0] in (b"INSERTED", b"OUT_OF_MEMORY") for a in answers), answers
        return [int(answer[1]) for answer in answers if answer[0] == b"INSERTED"]

    def fill(self, size: int, at_once: int = 1) -> list[int]:
        """Put until there is no room; give the ids."""
        ids: list[int] = []
        taken = self.put(os.urandom(size), at_once)
        while len(taken) == at_once:
            ids += taken
            taken = self.put(os.urandom(size), at_once)
        return ids + taken

    def stats(self) -> dict[str, str]:
        size = int(self.ask(b"stats\r\n").split()[1])
        lines = self.reader.read(size + 2).decode().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


@contextlib.contextmanager
def serving(disk: SmallDisk) -> Iterator[Client]:
    """Let a server serve from the small disk; it has to end in order."""

    def command(data: Path, address: Path) -> list[str]:
        serve = ["serve", "--log-format=json", f"--beanstalk=unix:{address}"]
        words = [sys.executable, "-m", PROGRAM, *serve, f"--data={data}"]
        return [*disk.enter(), *words]

    folder = disk.folder.parent
    server = DataServer(command, disk.folder / "data", folder, "server")
    try:
        assert server.wait_serving(), server.said()
        with contextlib.closing(Client(server)) as client:
            yield client
        assert server.stop() == 0, server.said()
    finally:
        server.kill()
        server.wait()


def in_order(ids: list[int], order: str) -> list[int]:
    """Put ids in the order in which they are to be deleted."""
    if order == "fifo":
        return ids
    if order == "lifo":
        return ids[::-1]
    return Random(1).sample(ids, len(ids))


def until_taken(client: Client, body: bytes, count: int = 1) -> None:
    """Put until so many are taken; each refusal ends within bounded time, for room is
    made in the background."""
    for _ in range(count):
        last = time.monotonic() + PATIENCE
        while not client.put(body):
            assert time.monotonic() < last, client.stats()
            select.select([], [], [], 0.01)


def empty(client: Client, ids: list[int], order: str) -> None:
    """Delete every job one by one; nobody is refused."""
    for id in in_order(ids, order):
        assert client.ask(b"delete %d\r\n" % id) == b"DELETED\r\n", id
    assert client.stats()["current-jobs-ready"] == "0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disk", "size"), [(24 * MIB, 5000), (40 * MIB, 60_000)], indirect=["disk"]
)
@pytest.mark.parametrize("order", ["fifo", "lifo", "random"])
def test_every_job_on_a_full_disk_can_be_deleted_and_puts_are_taken_again(
    disk, size, order
):
    with serving(disk) as client:
        ids = client.fill(size)
        assert len(ids) * size > 6 * MIB
        empty(client, ids, order)
        until_taken(client, b"x" * size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disk", "size"), [(24 * MIB, 5000), (40 * MIB, 60_000)], indirect=["disk"]
)
@pytest.mark.parametrize("order", ["random"])
def test_a_full_disk_is_emptied_job_by_job_and_filled_again(disk, size, order):
    with serving(disk) as client:
        ids = client.fill(size)
        assert len(ids) * size > 6 * MIB
        empty(client, ids, order)
        until_taken(client, b"x" * size, len(ids) // 2)


@pytest.mark.slow
@pytest.mark.parametrize("disk", [40 * MIB], indirect=True)
def test_deletes_that_each_take_a_sector_are_never_refused(disk):
    with serving(disk) as client:
        empty(client, client.fill(1000, at_once=10), "random")


@pytest.mark.slow
@pytest.mark.parametrize("disk", [24 * MIB], indirect=True)
def test_large_puts_that_come_at_once_leave_the_room_that_is_owed(disk):
    with serving(disk) as client:
        for _ in range(5):
            empty(client, client.fill(1_000_000, at_once=60), "lifo")


@pytest.mark.slow
@pytest.mark.parametrize("disk", [24 * MIB], indirect=True)
def test_what_a_full_disk_holds_is_there_after_a_restart(disk):
    with serving(disk) as client:
        ids = client.fill(30_000)
        gone = ids[:10]
        for id in gone:
            assert client.ask(b"delete %d\r\n" % id) == b"DELETED\r\n"
    with serving(disk) as client:
        for id in gone:
            assert client.ask(b"delete %d\r\n" % id) == b"NOT_FOUND\r\n"
        for id in ids[10:]:
            assert client.ask(b"delete %d\r\n" % id) == b"DELETED\r\n"
        until_taken(client, b"x" * 30_000)


@pytest.mark.slow
@pytest.mark.parametrize("disk", [64 * MIB], indirect=True)
def test_room_that_somebody_else_makes_is_found(disk):
    ballast = disk.seen_from_outside() / "ballast"
    ballast.write_bytes(bytes(40 * MIB))
    with serving(disk) as client:
        assert client.fill(50_000)
        assert not client.put(b"x" * 50_000)
        ballast.unlink()
        until_taken(client, b"x" * 50_000)


@pytest.mark.slow
@pytest.mark.parametrize("disk", [60 * MIB], indirect=True)
def test_on_a_full_disk_what_frees_nothing_goes_on_for_ever(disk):
    """Each reserve and release takes some of the log, and no job goes."""
    with serving(disk) as client:
        client.put(b"hi", 500)
        client.fill(20_000, at_once=16)
        for _ in range(300):
            release_all(client, reserve(client, 500))
        compacted = int(client.stats()["log-compactions"])
        assert compacted > 3
        empty(client, ids_of(client), "random")
        until_taken(client, b"x" * 20_000, 100)


def reserve(client: Client, count: int) -> list[bytes]:
    """Take so many of the first jobs at once; give their ids."""
    client.socket.sendall(count * b"reserve-with-timeout 0\r\n")
    ids = []
    for _ in range(count):
        words = client.reader.readline().split()
        assert words[0] == b"RESERVED", words
        client.reader.read(int(words[2]) + 2)
        ids.append(words[1])
    return ids


def release_all(client: Client, ids: list[bytes]) -> None:
    client.socket.sendall(b"".join(b"release %b 0 0\r\n" % id for id in ids))
    answers = {client.reader.readline() for _ in ids}
    assert answers == {b"RELEASED\r\n"}


def ids_of(client: Client) -> list[int]:
    """Give all jobs' ids, as far as any was given."""
    found = []
    for id in range(1, int(client.stats()["total-jobs"]) + 1):
        answer = client.ask(b"stats-job %d\r\n" % id).split()
        if answer[0] == b"OK":
            client.reader.read(int(answer[1]) + 2)
            found.append(id)
    return found


@pytest.mark.parametrize("disk", [8 * MIB], indirect=True)
def test_a_new_folder_without_room_for_segments_is_said_and_not_begun(disk):
    data = disk.folder / "data"
    command = [*disk.enter(), sys.executable, "-m", PROGRAM, "serve"]
    command += [f"--data={data}", f"--beanstalk=unix:{disk.folder}/socket"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_IOERR
    assert done.stderr.splitlines()[-1].endswith(
        "There is no room left. (a new data folder takes 12.0 MiB; nothing was written)"
    )
    left = {each.name for each in (disk.seen_from_outside() / "data").iterdir()}
    assert left == {"lock"}
