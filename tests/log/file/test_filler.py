"""The thread that lets segments come and go, on a real file system."""

from __future__ import annotations

import errno
import os
import select

import pytest

from penstock.log.file import DISCARDED, PREPARED
from penstock.log.file.filler import Filler

NAME = "0000000001.log"
SECOND_NAME = "0000000002.log"
LONGEST_WAIT = 10_000  # milliseconds
MEBIBYTE = 1024 * 1024


@pytest.fixture
def done():
    event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    yield event
    os.close(event)


@pytest.fixture
def filler(tmp_path, done):
    """A filler of a folder that has a segment."""
    (tmp_path / NAME).write_bytes(bytes(4096))
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    filler = Filler(folder, done)
    yield filler
    filler.close()
    os.close(folder)


@pytest.fixture
def outcome(filler, done):
    """Wait as the loop does, and give what has ended."""

    def wait():
        watch = select.poll()
        watch.register(done, select.POLLIN)
        assert watch.poll(LONGEST_WAIT), "the filler never told"
        os.eventfd_read(done)
        return filler.outcome()

    return wait


@pytest.mark.parametrize("size", [1, 65536, 3 * MEBIBYTE + 5])
def test_a_segment_is_prepared_full_of_zeros(filler, outcome, tmp_path, size):
    filler.prepare(SECOND_NAME, size)
    filler.hurry(2)
    ended = outcome()
    assert (ended.kind, ended.name, ended.error) == (PREPARED, SECOND_NAME, 0)
    assert (tmp_path / SECOND_NAME).read_bytes() == bytes(size)
    blocks = (tmp_path / SECOND_NAME).stat().st_blocks
    assert blocks * 512 >= size, "a place on the disk, not a hole"


def test_a_leftover_is_prepared_anew(filler, outcome, tmp_path):
    (tmp_path / SECOND_NAME).write_bytes(b"left over" * 99999)
    filler.prepare(SECOND_NAME, 4096)
    outcome()
    assert (tmp_path / SECOND_NAME).read_bytes() == bytes(4096)


def test_what_cannot_be_prepared_is_told_with_its_call(filler, outcome):
    filler.prepare("none/such.log", 4096)
    ended = outcome()
    assert (ended.kind, ended.error, ended.call) == (PREPARED, errno.ENOENT, "openat")


def test_a_segment_is_discarded(filler, outcome, tmp_path):
    filler.discard(NAME)
    assert (outcome().kind, os.listdir(tmp_path)) == (DISCARDED, [])
    filler.discard(NAME)
    ended = outcome()
    assert (ended.error, ended.call) == (errno.ENOENT, "unlinkat")


def test_one_segment_comes_or_goes_at_a_time(filler, outcome):
    filler.prepare(SECOND_NAME, 4096)
    with pytest.raises(AssertionError, match="still going on"):
        filler.discard(NAME)
    outcome()


def test_an_outcome_is_told_once(filler, outcome):
    assert filler.outcome() is None
    filler.prepare(SECOND_NAME, 4096)
    assert outcome() is not None
    assert filler.outcome() is None


def test_what_could_not_be_made_whole_is_removed(filler, outcome, tmp_path):
    os.mkfifo(tmp_path / SECOND_NAME)
    reader = os.open(tmp_path / SECOND_NAME, os.O_RDONLY | os.O_NONBLOCK)
    filler.prepare(SECOND_NAME, 4096)
    ended = outcome()
    os.close(reader)
    assert (ended.error, ended.call) == (errno.ESPIPE, "pwrite")
    assert not (tmp_path / SECOND_NAME).exists()
