"""How a data folder looks: written, read back, refused where it is not as written."""

from __future__ import annotations

import json

import pytest

from penstock.errors import FormatError, NewerFormat
from penstock.log.file import layout
from penstock.log.file.layout import (
    FORMAT,
    SECTOR,
    Header,
    Mark,
    find_frames,
    frame_check,
    frame_length,
    frame_size,
    padded,
    read_frame,
    read_header,
    read_mark,
    read_store,
    segment_name,
    segment_number,
    store_line,
    write_frame,
    write_header,
    write_mark,
)
from penstock.log.frame import take
from penstock.testing.log_contract import is_same, sample

STORE = bytes(range(16))
OTHER = bytes(16)
HEADER = Header(STORE, 7, 3, 65536, 41, 40, 0xDEADBEEF)


def frame(seq=5, size=20, *, store=STORE, number=2, oldest=1, mark=4, last=9):
    batch = take(sample(seq, size), 3)
    return b"".join(write_frame(store, number, oldest, mark, batch, last))


def flips(content):
    """Give the content with each of its bits turned, one at a time."""
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


# Names and sizes.


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0000000001.log", 1),
        ("4294967295.log", 4294967295),
        ("1.log", None),
        ("0000000001.log.new", None),
        ("x0000000001.log", None),
        ("mark", None),
    ],
)
def test_a_segments_name_has_ten_digits(name, number):
    assert segment_number(name) == number
    if number is not None:
        assert segment_name(number) == name


@pytest.mark.parametrize(("size", "whole"), [(0, 0), (1, 512), (512, 512), (513, 1024)])
def test_sizes_are_rounded_up_to_sectors(size, whole):
    assert padded(size) == whole


@pytest.mark.parametrize("size", [0, 1, 400, 512, 5000])
def test_a_frame_takes_the_size_that_was_foreseen(size):
    assert len(frame(size=size)) == frame_size(size)
    assert frame_length(frame(size=size), 0) == frame_size(size)


def test_where_no_frame_begins_there_is_no_length():
    assert frame_length(bytes(SECTOR), 0) == 0
    assert frame_length(b"", 0) == 0
    assert frame_length(frame()[:30], 0) == SECTOR, "read on: its length is behind"


# The store.


def test_a_store_is_named_in_one_line_that_people_can_read():
    line = store_line(STORE)
    assert line.count(b"\n") == 1
    told = json.loads(line)
    assert (told["penstock"], told["format"]) == ("data folder", FORMAT)
    assert read_store(line) == STORE


def test_every_bit_of_a_store_line_counts():
    for changed in flips(store_line(STORE)):
        with pytest.raises(FormatError):
            read_store(changed)


def test_a_newer_store_is_told_from_a_damaged_one(monkeypatch):
    monkeypatch.setattr(layout, "FORMAT", FORMAT + 1)
    newer = store_line(STORE)
    monkeypatch.undo()
    with pytest.raises(NewerFormat, match="format 2, known is 1"):
        read_store(newer)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", b'"x"', b"1"])
def test_what_names_no_store_is_refused(content):
    with pytest.raises(FormatError, match="does not name a store"):
        read_store(content)


# Headers.


def test_a_header_comes_back_from_one_sector():
    sector = write_header(HEADER)
    assert len(sector) == SECTOR
    assert read_header(sector) == HEADER


def test_a_header_of_zeros_is_that_of_a_segment_not_begun():
    assert read_header(bytes(SECTOR)) is None


def test_every_bit_of_a_header_counts():
    for changed in flips(write_header(HEADER)):
        with pytest.raises(FormatError, match="damaged"):
            read_header(changed)


def test_a_newer_header_is_told_from_a_damaged_one(monkeypatch):
    monkeypatch.setattr(layout, "FORMAT", FORMAT + 1)
    newer = write_header(HEADER)
    monkeypatch.undo()
    with pytest.raises(NewerFormat, match="format 2"):
        read_header(newer)


@pytest.mark.parametrize("size", [1, 100, SECTOR - 1])
def test_a_header_cut_short_is_damaged(size):
    with pytest.raises(FormatError):
        read_header(write_header(HEADER)[:size])


# Frames.


@pytest.mark.parametrize("size", [0, 1, 407, 408, 409, 3000])
def test_a_frame_comes_back_with_what_it_states(size):
    content = bytes(SECTOR) + frame(5, size) + frame(6, 10)
    found = read_frame(content, SECTOR, STORE, 2, 9)
    assert is_same(found.stored, sample(5, size))
    assert (found.stored.term, found.stored.piece) == (3, 2)
    assert (found.oldest, found.mark, found.size) == (1, 4, frame_size(size))


def test_frames_are_chained_by_their_checksums():
    parts = write_frame(STORE, 2, 1, 4, take(sample(5), 1), 9)
    first = read_frame(b"".join(parts), 0, STORE, 2, 9)
    assert first.check == frame_check(parts)
    after = frame(6, last=first.check)
    assert read_frame(after, 0, STORE, 2, first.check).stored.seq == 6
    with pytest.raises(FormatError, match="batch 6 does not follow"):
        read_frame(after, 0, STORE, 2, first.check ^ 1)


@pytest.mark.parametrize("size", [0, 20, 600])
def test_every_bit_of_a_frame_counts_its_padding_too(size):
    for changed in flips(frame(size=size)):
        with pytest.raises(FormatError):
            read_frame(changed, 0, STORE, 2, None)


@pytest.mark.parametrize("elsewhere", [{"store": OTHER}, {"number": 3}])
def test_a_frame_of_another_place_does_not_pass(elsewhere):
    with pytest.raises(FormatError, match="header is damaged"):
        read_frame(frame(**elsewhere), 0, STORE, 2, None)


@pytest.mark.parametrize("size", [0, 8, 40, 90, 4000])
def test_a_frame_cut_short_does_not_pass(size):
    with pytest.raises(FormatError):
        read_frame(frame(size=5000)[:size], 0, STORE, 2, None)


def test_frames_are_found_wherever_they_begin_and_only_on_sectors():
    first, second = frame(5, 700), frame(9, 10)
    rot = b"\x77" * SECTOR
    misplaced = b"\0" * 100 + frame(7)
    content = rot + first + rot + misplaced.ljust(2 * SECTOR, b"\0") + second
    found = find_frames(content, 0, STORE, 2)
    assert [each.stored.seq for each in found] == [5, 9]
    behind = find_frames(content, SECTOR + 1, STORE, 2)
    assert [each.stored.seq for each in behind] == [9]
    assert find_frames(content, 0, OTHER, 2) == []


# Marks.


def test_the_newer_half_of_a_mark_counts():
    older, newer = write_mark(STORE, 1, 10), write_mark(STORE, 2, 11)
    assert read_mark(older + newer, STORE) == Mark(11, 2, half=1, whole=True)
    assert read_mark(newer + older, STORE) == Mark(11, 2, half=0, whole=True)


def test_a_mark_torn_in_one_half_has_the_other():
    older, newer = write_mark(STORE, 1, 10), write_mark(STORE, 2, 11)
    for changed in flips(newer):
        assert read_mark(older + changed, STORE) == Mark(10, 1, half=0, whole=False)


def test_a_seal_and_a_header_do_not_pass_for_each_other():
    with pytest.raises(FormatError, match="damaged"):
        read_header(write_mark(STORE, 2, 10))
    with pytest.raises(FormatError, match="both halves"):
        read_mark(2 * write_header(HEADER), STORE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(2 * SECTOR),
        2 * write_mark(OTHER, 1, 10),
        write_mark(STORE, 1, 10)[:100],
    ],
)
def test_a_mark_with_no_good_half_is_refused(content):
    with pytest.raises(FormatError, match="both halves"):
        read_mark(content, STORE)
