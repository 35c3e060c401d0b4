"""Reading the frames of a segment, piece by piece."""

from __future__ import annotations

import pytest

from penstock.errors import LogCorrupt
from penstock.log.file.layout import SECTOR, frame_size, read_header, segment_name
from penstock.log.file.reading import frames, read_segment
from penstock.log.file.segments import Segment
from penstock.testing.log_contract import assert_same
from penstock.testing.sim_folder import SimFolder
from tests.log.file.machine import SMALL, THIRD, change, new_machine, open_log, write

SIZE = 600  # bytes of a batch
STEP = frame_size(SIZE)
NAME = segment_name(1)


def place(n):
    """Give the offset of the n-th frame."""
    return SECTOR + (n - 1) * STEP


@pytest.fixture
def machine():
    return new_machine()


@pytest.fixture
def batches(machine):
    """Five batches in one segment."""
    return write(open_log(machine), 1, 5, SIZE)


def read(machine, end=SMALL):
    folder = SimFolder(machine)
    header = read_header(folder.read(NAME, 0, SECTOR))
    assert header is not None
    return list(frames(folder, header, end))


def segment(last=5):
    return Segment(1, 1, last, place(last + 1), SMALL, SMALL)


def test_frames_are_given_with_their_offsets(machine, batches):
    found = read(machine)
    assert [offset for offset, _frame in found] == [place(n) for n in range(1, 6)]
    assert_same([frame.stored for _offset, frame in found], batches)


def test_frames_end_where_they_are_told_to(machine, batches):
    assert [offset for offset, _frame in read(machine, place(3))] == [
        place(1),
        place(2),
    ]


@pytest.mark.parametrize("at", [0, 30, STEP - 1 - (STEP - SIZE) // 2])
def test_a_bad_frame_ends_them(machine, batches, at):
    change(machine, NAME, place(3) + at, b"rotten")
    assert [offset for offset, _frame in read(machine)] == [place(1), place(2)]


@pytest.mark.parametrize(("first", "last"), [(1, 5), (2, 4), (3, 3), (4, 9), (6, 9)])
def test_the_batches_asked_for_are_read_again(machine, batches, first, last):
    found = list(read_segment(SimFolder(machine), segment(), first, last))
    assert_same(found, batches[first - 1 : last])


def test_a_batch_that_cannot_be_read_again_is_refused_by_its_number(machine, batches):
    change(machine, NAME, place(4), b"rotten")
    again = read_segment(SimFolder(machine), segment(), 1, 5)
    assert [next(again).seq for _ in range(3)] == [1, 2, 3]
    with pytest.raises(LogCorrupt, match=r"read 0000000001.log.*batch 4 "):
        next(again)


def test_what_can_no_longer_be_read_is_refused_while_serving(machine):
    log = open_log(machine)
    write(log, 1, 5, THIRD)
    change(machine, segment_name(1), 2 * SECTOR, b"rotten")
    with pytest.raises(LogCorrupt, match=r"read 0000000001.log.*batch 1 "):
        list(log.read(1))


@pytest.mark.parametrize("content", [bytes(SECTOR), b"rotten"])
def test_a_header_that_is_gone_is_refused_while_serving(machine, content):
    log = open_log(machine)
    write(log, 1, 1)
    change(machine, segment_name(1), 0, content)
    with pytest.raises(LogCorrupt):
        list(log.read(1))
