"""The threads that write, on a real file system."""

from __future__ import annotations

import errno
import os
import select
from collections import deque
from pathlib import Path

import pytest

from penstock.errors import LogError
from penstock.log.file import NEVER, PREPARED, SYNCED, WRITTEN, Outcome
from penstock.log.file.disk import Disk
from penstock.log.file.layout import MARK

NAME = "0000000001.log"
SECOND_NAME = "0000000002.log"
LONGEST_WAIT = 10_000  # milliseconds
MEBIBYTE = 1024 * 1024
TOLD: deque[Outcome] = deque()  # outcomes that nobody has asked for yet


@pytest.fixture
def disks(tmp_path):
    """Make disks on one folder that has a segment."""
    (tmp_path / NAME).write_bytes(bytes(4096))
    TOLD.clear()
    made = []

    def make(interval=0):
        made.append(Disk(tmp_path, interval))
        return made[-1]

    yield make
    for disk in made:
        disk.close()


@pytest.fixture
def disk(disks):
    return disks()


def is_readable(disk, milliseconds=0):
    watch = select.poll()
    watch.register(disk.fileno(), select.POLLIN)
    return bool(watch.poll(milliseconds))


def outcome(disk):
    """Wait as the loop does, and give the next one that has ended."""
    if not TOLD:
        assert is_readable(disk, LONGEST_WAIT), "the disk never told"
        TOLD.extend(disk.outcomes())
    return TOLD.popleft()


def write(disk, seq, offset, *parts, name=NAME):
    disk.write(seq, name, offset, parts)
    return outcome(disk)


def test_parts_are_written_one_behind_the_other_and_synced(disk, tmp_path):
    ended = write(disk, 7, 512, b"one", b"", b"two", b"three")
    assert (ended.kind, ended.seq, ended.name, ended.error) == (SYNCED, 7, NAME, 0)
    assert ended.took > 0
    content = (tmp_path / NAME).read_bytes()
    assert content == bytes(512) + b"onetwothree" + bytes(4096 - 512 - 11)


def test_an_outcome_is_told_once(disk):
    write(disk, 1, 0, b"x")
    assert not is_readable(disk)
    assert disk.outcomes() == []


def test_a_large_part_is_written_whole(disk, tmp_path):
    content = os.urandom(9 * MEBIBYTE)
    assert write(disk, 1, 100, content).error == 0
    assert (tmp_path / NAME).read_bytes()[100:] == content


def test_one_write_is_in_flight_at_a_time(disk):
    disk.write(1, NAME, 0, (b"x",))
    with pytest.raises(AssertionError, match="still in flight"):
        disk.write(2, NAME, 0, (b"x",))
    assert outcome(disk).seq == 1


def test_waiting_blocks_until_there_is_an_outcome(disk):
    disk.write(1, NAME, 0, (b"x",))
    disk.wait()
    assert disk.outcomes()[0].seq == 1


def test_a_file_that_is_not_there_is_refused(disk):
    with pytest.raises(FileNotFoundError):
        disk.write(1, SECOND_NAME, 0, (b"x",))


def test_a_write_that_fails_names_call_and_error(disks, tmp_path):
    os.mkfifo(tmp_path / SECOND_NAME)
    reader = os.open(tmp_path / SECOND_NAME, os.O_RDONLY | os.O_NONBLOCK)
    ended = write(disks(), 1, 0, b"x", name=SECOND_NAME)
    os.close(reader)
    assert (ended.error, ended.call) == (errno.ESPIPE, "pwritev")


def test_a_full_disk_is_told(disks, tmp_path):
    (tmp_path / SECOND_NAME).symlink_to("/dev/full")
    ended = write(disks(), 1, 0, b"x", name=SECOND_NAME)
    assert (ended.kind, ended.error, ended.call) == (SYNCED, errno.ENOSPC, "pwritev")


def test_a_sync_that_fails_is_told(disks, tmp_path):
    (tmp_path / SECOND_NAME).symlink_to("/dev/zero")  # which cannot be synced
    ended = write(disks(), 1, 0, b"x", name=SECOND_NAME)
    assert (ended.error, ended.call) == (errno.EINVAL, "fdatasync")


# Intervals.


def test_with_an_interval_the_sync_follows_the_write(disks):
    disk = disks(20_000_000)
    first = write(disk, 1, 0, b"x")
    assert (first.kind, first.seq) == (WRITTEN, 1)
    second = outcome(disk)
    assert (second.kind, second.seq, second.name) == (SYNCED, 1, "")


def test_one_sync_covers_all_that_was_written_before_it(disks):
    disk = disks(100_000_000)
    for seq in (1, 2, 3):
        assert write(disk, seq, 0, b"x").kind == WRITTEN
    assert outcome(disk).seq == 3


def test_never_syncs_nothing_until_another_file_is_written(disks, tmp_path):
    (tmp_path / SECOND_NAME).write_bytes(bytes(4096))
    disk = disks(NEVER)
    assert write(disk, 1, 0, b"x").kind == WRITTEN
    assert not is_readable(disk, 50)
    disk.write(2, SECOND_NAME, 0, (b"y",))
    told: list[Outcome] = []
    while len(told) < 2:
        assert is_readable(disk, LONGEST_WAIT)
        told += disk.outcomes()
    assert sorted((each.kind, each.seq) for each in told) == [(SYNCED, 1), (WRITTEN, 2)]


def test_the_mark_is_synced_at_once_whatever_the_interval(disks, tmp_path):
    (tmp_path / MARK).write_bytes(bytes(1024))
    ended = write(disks(NEVER), 1, 512, b"x", name=MARK)
    assert (ended.kind, ended.name) == (SYNCED, MARK)


def test_a_late_sync_that_fails_is_told_and_nothing_is_written_after_it(
    disks, tmp_path
):
    (tmp_path / SECOND_NAME).symlink_to("/dev/zero")
    disk = disks(1_000_000)
    assert write(disk, 1, 0, b"x", name=SECOND_NAME).error == 0
    late = outcome(disk)
    assert (late.kind, late.error) == (SYNCED, errno.EINVAL)
    again = write(disk, 2, 0, b"lost")
    assert again.error == errno.EINVAL
    assert (tmp_path / NAME).read_bytes() == bytes(4096)


# Segments to come and to go.


def test_batches_are_written_while_a_segment_is_prepared(disk):
    disk.prepare(SECOND_NAME, 16 * MEBIBYTE)
    for seq in (1, 2, 3):
        assert write(disk, seq, 0, b"x").seq == seq
    disk.hurry(2)
    assert outcome(disk).kind == PREPARED


def test_a_segment_that_went_gives_its_room_back(disk, tmp_path):
    """While it is open it has no name, but its blocks."""
    write(disk, 1, 0, b"x")
    disk.discard(NAME)
    outcome(disk)
    held = [
        os.readlink(each)
        for each in list(Path("/proc/self/fd").iterdir())
        if each.is_symlink()
    ]
    assert [each for each in held if str(tmp_path / NAME) in each] == []


# The end.


def test_closing_finishes_what_is_in_flight(disk, tmp_path):
    disk.write(1, NAME, 0, (b"the last",))
    disk.close()
    assert (tmp_path / NAME).read_bytes().startswith(b"the last")


def test_closing_does_not_wait_for_a_segment_in_preparation(disk, tmp_path):
    disk.prepare(SECOND_NAME, 1024 * MEBIBYTE)
    disk.close()
    assert not (tmp_path / SECOND_NAME).exists()


def test_a_closed_disk_takes_nothing(disk):
    disk.close()
    disk.close()
    with pytest.raises(LogError, match="closed"):
        disk.write(1, NAME, 0, (b"x",))


def test_files_are_given_back(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for number in range(1, 6):
        (tmp_path / f"{number:010}.log").write_bytes(bytes(512))
    disk = Disk(tmp_path, 0)
    for number in range(1, 6):
        write(disk, number, 0, b"x", name=f"{number:010}.log")
        assert len(os.listdir("/proc/self/fd")) <= before + 4 + 2
    disk.close()
    assert len(os.listdir("/proc/self/fd")) == before
