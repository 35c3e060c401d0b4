"""Which segments there are, without any file."""

from __future__ import annotations

import pytest

from penstock.log.file.layout import SECTOR
from penstock.log.file.segments import SMALLEST, SPARE, Segment, Segments

SIZE = 10 * SECTOR
MIB = 1024 * 1024


@pytest.fixture
def segments():
    """Three segments of five batches each, and one that is ready."""
    segments = Segments(SIZE)
    for n in (1, 2, 3):
        segments.kept.append(Segment(n, 5 * n - 4, 5 * n, SIZE, SIZE, SIZE))
    segments.last_number = 3
    segments.add_ready(4, SIZE)
    return segments


def test_none_begins_with_the_first():
    assert Segments(SIZE).oldest == 1
    assert Segments(SIZE).next_number() == 1


def test_the_last_one_grows_and_the_first_one_is_the_oldest(segments):
    assert (segments.current.number, segments.oldest) == (3, 1)
    assert segments.current.name == "0000000003.log"
    assert segments.next_number() == 5


def test_a_frame_fits_up_to_the_last_byte(segments):
    segments.current.end = SIZE - SECTOR
    assert segments.fits(SECTOR)
    assert not segments.fits(SECTOR + 1)


def test_the_next_one_that_is_ready_begins(segments):
    begun = segments.begin(16, 3 * SECTOR)
    assert begun == Segment(4, 16, 15, SECTOR, SIZE, SIZE)
    assert segments.current is begun
    assert not segments.ready


def test_a_large_frame_makes_it_larger(segments):
    begun = segments.begin(16, SIZE)
    assert (begun.size, begun.made) == (SIZE + SECTOR, SIZE)


@pytest.mark.parametrize(
    ("upto", "left"), [(0, 1), (4, 1), (5, 2), (9, 2), (10, 3), (15, 3), (99, 3)]
)
def test_whole_ones_go_and_never_the_one_that_grows(segments, upto, left):
    segments.trim(upto)
    assert segments.oldest == left
    assert [each.number for each in segments.gone] == list(range(1, left))


def test_one_without_batches_goes_with_the_one_before(segments):
    segments.kept.insert(1, Segment(9, 6, 5, SECTOR, SIZE, SIZE))
    segments.trim(5)
    assert [each.number for each in segments.gone] == [1, 9]


@pytest.mark.parametrize(
    ("most", "size"),
    [(0, SMALLEST), (64 * MIB, SMALLEST), (160 * MIB, 10 * MIB), (1 << 40, 16 * MIB)],
)
def test_the_next_one_is_made_as_large_as_the_log_is(most, size):
    segments = Segments(16 * MIB)
    segments.fit(most)
    assert segments.size == size


def test_a_bound_below_the_smallest_is_kept():
    segments = Segments(SIZE)
    segments.fit(1 << 40)
    assert segments.size == SIZE


def test_what_is_allocated_counts_spares_to_come_and_not_what_goes(segments):
    assert segments.allocated() == 3 * SIZE + SPARE * SIZE
    assert segments.on_disk() == 4 * SIZE
    segments.trim(5)
    assert segments.allocated() == 2 * SIZE + SPARE * SIZE
    assert segments.on_disk() == 4 * SIZE


def test_spares_that_are_larger_than_they_would_be_made_now_count_as_they_are(segments):
    while segments.ready:
        segments.ready.popleft()
    segments.add_ready(8, 5 * SIZE)
    assert segments.allocated() == 3 * SIZE + 5 * SIZE
    segments.add_ready(9, 5 * SIZE)
    assert segments.allocated() == 3 * SIZE + 10 * SIZE
