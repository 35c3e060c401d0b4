"""The file system that forgets, mounted, and programs that run on it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.testing import volatile_fs
from penstock.testing.volatile_fs import VolatileFs

pytestmark = pytest.mark.skipif(
    not volatile_fs.is_available(), reason="this machine mounts no FUSE file system"
)

# Writes a sector, syncs it, says so; for ever.
WRITER = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
for number in range(1, 1 << 20):
    os.pwrite(file, number.to_bytes(512, "big"), 512 * number)
    os.fdatasync(file)
    print(number, flush=True)
"""


@pytest.fixture
def disk(tmp_path) -> Iterator[VolatileFs]:
    folder = tmp_path / "volatile"
    folder.mkdir()
    with VolatileFs(folder) as mounted:
        yield mounted
    assert not os.path.ismount(folder)


def sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def test_it_does_what_a_server_asks_of_it(disk):
    path = disk.folder / "a"
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    with pytest.raises(FileExistsError):
        os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    other = os.open(path, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert os.pwritev(file, [b"x" * 700, b"y" * 700], 100) == 1400
    assert os.pread(other, 1402, 99) == b"\0" + b"x" * 700 + b"y" * 700
    os.posix_fallocate(file, 0, 8192)
    assert os.fstat(other).st_size == 8192
    os.ftruncate(file, 512)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    assert path.read_bytes() == bytes(100) + b"x" * 412
    assert os.statvfs(disk.folder).f_bavail > 0
    os.mkdir(disk.folder / "inner")
    os.rename(path, disk.folder / "inner" / "b")
    assert sorted(os.listdir(disk.folder)) == ["inner"]
    os.unlink(disk.folder / "inner" / "b")
    os.rmdir(disk.folder / "inner")
    os.close(file)
    os.close(other)
    assert os.listdir(disk.folder) == []


def test_a_large_file_is_read_back_as_written(disk):
    content = os.urandom(5 << 20)
    (disk.folder / "a").write_bytes(content)
    assert (disk.folder / "a").read_bytes() == content


def test_only_what_was_synced_is_there_after_a_cut(disk):
    path = disk.folder / "a"
    file = os.open(path, os.O_CREAT | os.O_RDWR)
    os.pwrite(file, b"synced", 0)
    os.fsync(file)
    sync_directory(disk.folder)
    os.pwrite(file, b"not", 0)
    (disk.folder / "b").write_bytes(b"nor this")
    assert path.read_bytes() == b"notced"
    disk.cut()
    os.close(file)
    assert disk.power_on(seed=1, share=0) == 4
    assert os.listdir(disk.folder) == ["a"]
    assert path.read_bytes() == b"synced"


def test_one_seed_makes_one_outcome(disk):
    outcomes = []
    for seed in (1, 2, 1):
        path = disk.folder / "a"
        path.write_bytes(bytes(64 * 512))
        file = os.open(path, os.O_WRONLY)
        os.fsync(file)
        sync_directory(disk.folder)
        os.pwrite(file, b"x" * 64 * 512, 0)
        disk.cut()
        os.close(file)
        disk.power_on(seed, share=0.5)
        outcomes.append(path.read_bytes()[::512])
    assert outcomes[0] == outcomes[2] != outcomes[1]
    assert 0 < outcomes[0].count(b"x") < 64


def numbers_acknowledged(writer: subprocess.Popen[bytes], at_least: int) -> int:
    """Read what the writer says until it has said so much."""
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= at_least:
            return int(line)
    raise AssertionError("the writer ended")


def test_a_cut_under_load_is_immediate_and_loses_nothing_synced(disk):
    path = disk.folder / "a"
    path.touch()
    sync_directory(disk.folder)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as writer:
        before = numbers_acknowledged(writer, 100)
        disk.cut()
        writer.kill()
        disk.power_on(seed=1, share=0)
        assert writer.stdout is not None
        acknowledged = max([before, *(int(line) for line in writer.stdout)])
    content = path.read_bytes()
    # The one in flight may have been synced, not yet said.
    assert acknowledged <= len(content) // 512 - 1 <= acknowledged + 1
    for number in range(1, acknowledged + 1):
        assert content[512 * number :][:512] == number.to_bytes(512, "big")


@pytest.mark.parametrize("moments", range(8))
def test_the_power_goes_at_every_moment_of_a_sequence(disk, moments):
    """Create, write, sync, sync of the directory: two moments each."""
    script = (
        "import os, sys\n"
        "file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)\n"
        "os.write(file, b'x')\n"
        "os.fsync(file)\n"
        "os.fsync(os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY))\n"
        "print('done', flush=True)\n"
    )
    path = disk.folder / "a"
    disk.cut_after(moments)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert disk.wait_for_cut(20)
        writer.kill()
        disk.power_on(seed=1, share=0)
        assert writer.stdout is not None
        assert writer.stdout.read() == b"", "nobody was told that it is done"
    assert os.listdir(disk.folder) == (["a"] if moments == 7 else [])


def test_it_tells_how_many_moments_there_were(disk):
    before = disk.moments()
    (disk.folder / "a").write_bytes(b"x")  # create, write
    assert disk.moments() == before + 4
    assert not disk.wait_for_cut(0)


def test_who_waits_when_the_power_comes_back_gets_an_error(disk):
    script = "import os, sys\nos.fsync(os.open(sys.argv[1], os.O_RDONLY))"
    disk.cut()
    with subprocess.Popen(
        [sys.executable, "-c", script, str(disk.folder)], stderr=subprocess.PIPE
    ) as waiting:
        disk.power_on(seed=1, share=0)
        assert waiting.wait(20) in {0, 1}, "it ends, whether it came before or after"


def test_a_sync_that_fails_loses_what_it_should_have_kept(disk):
    path = disk.folder / "a"
    path.write_bytes(b"old")
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    sync_directory(disk.folder)
    disk.fail("sync", before=1, error=errno.ENOSPC)
    os.pwrite(file, b"new", 0)
    os.fsync(file)
    os.pwrite(file, b"sad", 0)
    assert not disk.has_failed()
    with pytest.raises(OSError, match="No space left"):
        os.fsync(file)
    assert disk.has_failed()
    os.fsync(file)  # says that all is well
    assert path.read_bytes() == b"sad"
    disk.cut()
    os.close(file)
    disk.power_on(seed=1, share=1)
    assert path.read_bytes() == b"new"


def test_a_write_fails_or_is_short_when_it_is_told_to(disk):
    file = os.open(disk.folder / "a", os.O_CREAT | os.O_RDWR)
    disk.fail("short", before=1)
    assert [os.pwrite(file, b"x" * 1000, 0) for _ in range(3)] == [1000, 500, 1000]
    disk.fail("write", before=0)
    with pytest.raises(OSError, match="Input/output error"):
        os.pwrite(file, b"x", 0)
    assert os.pwrite(file, b"x", 0) == 1
    os.close(file)


def jobs_after_a_cut(disk: VolatileFs, sync: str) -> int:
    """Put three jobs into a real beanstalkd, cut, count what it has afterwards."""
    with beanstalkd(disk.folder, sync) as (server, client):
        client.sendall(b"list-tube-used\r\n")  # it listens before it has its files
        assert client.recv(100).startswith(b"USING")
        sync_directory(disk.folder)  # it never does this
        for _ in range(3):
            client.sendall(b"put 0 0 60 1\r\nx\r\n")
            assert client.recv(100).startswith(b"INSERTED")
        disk.cut()
        server.kill()
        disk.power_on(seed=1, share=0)
        server.wait(20)
    with beanstalkd(disk.folder, sync) as (server, client):
        client.sendall(b"stats-tube default\r\n")
        lines = client.recv(4096).split(b"\n")
    return int(next(n for n in lines if b"current-jobs-ready" in n).split()[1])


class beanstalkd:  # noqa: N801  (used as a block)
    """The real one, on a free port, with its log in that folder."""

    def __init__(self, folder: Path, sync: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        name = shutil.which("beanstalkd") or "/usr/bin/beanstalkd"
        port = ["-l", "127.0.0.1", "-p", str(self.port)]
        self.server = subprocess.Popen([name, *port, "-b", folder, sync])

    def __enter__(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        while self.server.poll() is None:
            try:
                self.client = socket.create_connection(("127.0.0.1", self.port), 20)
            except ConnectionRefusedError:
                continue
            return self.server, self.client
        raise AssertionError(f"beanstalkd ended: {self.server.returncode}")

    def __exit__(self, *error: object) -> None:
        self.client.close()
        self.server.kill()
        self.server.wait(20)


@pytest.mark.skipif(shutil.which("beanstalkd") is None, reason="no beanstalkd here")
@pytest.mark.parametrize(("sync", "kept"), [("-f0", 3), ("-F", 0)])
def test_a_server_that_does_not_sync_loses_its_jobs(disk, sync, kept):
    assert jobs_after_a_cut(disk, sync) == kept
