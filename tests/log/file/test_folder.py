"""A data folder on a real file system."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.errors import LogBusy
from penstock.log.file.folder import FileFolder, _read, _write
from penstock.log.file.layout import LOCK, QUARANTINE

HOLD = """
import sys
from pathlib import Path
from penstock.log.file.folder import FileFolder
folder = FileFolder(Path(sys.argv[1]))
folder.lock()
folder.sign()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    folder = FileFolder(tmp_path / "data")
    folder.make()
    yield folder
    folder.close()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_with_those_above_for_its_owner_alone(tmp_path):
    folder = FileFolder(tmp_path / "a" / "b" / "data")
    folder.make()
    folder.make()
    assert mode(folder.path) == 0o700
    assert folder.names() == []


def test_its_name_is_synced_at_each_start(tmp_path, monkeypatch):
    """Who made it may have been killed before."""
    synced: list[Path] = []
    monkeypatch.setattr("penstock.log.file.folder._sync", synced.append)
    FileFolder(tmp_path / "a" / "b").make()
    assert synced == [tmp_path, tmp_path / "a"]
    FileFolder(tmp_path / "a" / "b").make()
    assert synced[2:] == [tmp_path / "a"]


def test_files_are_their_owners_alone(folder):
    folder.create("a", 1)
    folder.replace("b", b"x")
    folder.lock()
    assert {mode(folder.path / name) for name in ("a", "b", LOCK)} == {0o600}


# The lock.


def test_a_folder_is_locked_once(folder):
    other = FileFolder(folder.path)
    folder.lock()
    folder.lock()
    folder.sign()
    with pytest.raises(LogBusy, match=f"its process is {os.getpid()}"):
        other.lock()
    folder.close()
    other.lock()
    other.close()


def test_another_process_holds_it_until_it_is_killed(folder):
    command = [sys.executable, "-c", HOLD, str(folder.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LogBusy, match=f"its process is {process.pid}"):
            folder.lock()
        process.kill()
    folder.lock()


def test_reading_makes_no_lock_and_respects_one(folder):
    reader = FileFolder(folder.path, reading=True)
    with pytest.raises(FileNotFoundError):
        reader.lock()
    assert folder.names() == []
    folder.lock()
    with pytest.raises(LogBusy):
        reader.lock()


# Files.


def test_a_file_is_created_full_of_zeros_in_place_of_a_leftover(folder):
    folder.create("a", 3 * 1024 * 1024 + 1)
    assert folder.size("a") == 3 * 1024 * 1024 + 1
    folder.write("a", 5, b"xyz")
    assert folder.read("a", 4, 6) == b"\0xyz\0\0"
    folder.create("a", 10)
    assert folder.read("a", 0, 99) == bytes(10)


def test_reading_beyond_the_end_gives_what_is_there(folder):
    folder.replace("a", b"abc")
    assert folder.read("a", 1, 99) == b"bc"
    assert folder.read("a", 3, 1) == b""


def test_distrust_reads_from_the_disk_what_was_written(folder):
    folder.create("a", 8192)
    with (folder.path / "a").open("r+b") as file:
        file.write(b"unsynced")
    folder.distrust("a")
    assert folder.read("a", 0, 8) == b"unsynced"


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_over(folder):
    folder.replace("a", b"long content")
    folder.replace("a", b"short")
    assert folder.read("a", 0, 99) == b"short"
    assert folder.names() == ["a"]


def test_half_of_a_replacement_is_not_left_over(folder, monkeypatch):
    folder.replace("mark", b"one")

    def full(file, content, offset):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        folder.replace("mark", b"two")
    assert [each.name for each in folder.path.iterdir() if each.is_file()] == ["mark"]
    assert folder.read("mark", 0, 10) == b"one"


def test_the_quarantine_is_made_when_it_is_needed(folder):
    folder.replace(f"{QUARANTINE}x.cut", b"torn")
    assert folder.read(f"{QUARANTINE}x.cut", 0, 9) == b"torn"
    assert folder.names() == [], "it is a folder of its own"
    assert mode(folder.path / QUARANTINE) == 0o700


def test_removed_is_gone(folder):
    for name in ("b", "a", "c"):
        folder.create(name, 0)
    folder.remove("b")
    folder.sync()
    assert folder.names() == ["a", "c"]


def test_room_is_what_the_file_system_has(folder):
    told = os.statvfs(folder.path)
    assert 0 < folder.room() <= told.f_blocks * told.f_frsize


@pytest.mark.parametrize(
    "ask",
    [
        lambda folder: folder.size("a"),
        lambda folder: folder.read("a", 0, 1),
        lambda folder: folder.write("a", 0, b"x"),
        lambda folder: folder.distrust("a"),
        lambda folder: folder.remove("a"),
    ],
)
def test_what_is_not_there_is_refused(folder, ask):
    with pytest.raises(FileNotFoundError):
        ask(folder)


def test_calls_that_do_only_a_part_are_gone_on_with(folder, monkeypatch):
    content = os.urandom(1000)
    pwrite, pread = os.pwrite, os.pread
    monkeypatch.setattr(os, "pwrite", lambda f, data, at: pwrite(f, data[:7], at))
    monkeypatch.setattr(os, "pread", lambda f, count, at: pread(f, min(count, 7), at))
    folder.create("a", 0)
    file = os.open(folder.path / "a", os.O_RDWR)
    _write(file, 3, content)
    assert _read(file, 3, 2000) == content
    assert _read(file, 0, 3) == bytes(3)
    os.close(file)
