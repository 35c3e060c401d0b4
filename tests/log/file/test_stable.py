"""What stable storage is known to hold: only a statement's own sync counts."""

from __future__ import annotations

import pytest

from penstock.log.file import SYNCED, Outcome
from penstock.log.file.layout import MARK, SECTOR, read_mark
from penstock.log.file.stable import Stable

STORE = bytes(range(16))
SEGMENT = "0000000003.log"


def synced(seq, name=SEGMENT):
    return Outcome(SYNCED, seq, name, 0, "", 1)


@pytest.fixture
def stable():
    """Batches through 10 are there, segment 2 is the oldest needed."""
    stable = Stable()
    stable.begin(10, 2, 1)
    return stable


def test_a_start_says_what_is_there(stable):
    assert (stable.seq, stable.oldest) == (10, 2)


def test_a_frame_counts_once_it_is_synced_itself(stable):
    stable.state(12, 3)
    stable.synced(synced(11))
    assert (stable.seq, stable.oldest) == (11, 2)
    stable.synced(synced(12))
    assert (stable.seq, stable.oldest) == (12, 3)


def test_the_sync_of_a_segment_says_nothing_of_the_mark(stable):
    stable.state(12, 2)
    stable.seal(STORE, 12, 4)
    stable.synced(synced(12))
    assert stable.oldest == 2


def test_the_sync_of_the_mark_says_nothing_of_a_frame(stable):
    stable.seal(STORE, 11, 3)
    stable.state(12, 4)
    stable.synced(synced(11, MARK))
    assert stable.oldest == 3


def test_an_older_statement_takes_nothing_back(stable):
    stable.state(12, 5)
    stable.synced(synced(12))
    stable.seal(STORE, 12, 4)
    stable.synced(synced(11, MARK))
    assert (stable.seq, stable.oldest) == (12, 5)


def test_seals_go_to_the_halves_in_turns_and_the_older_one_first(stable):
    places = []
    for seq in (11, 12, 13):
        offset, content = stable.seal(STORE, seq, 3)
        places.append(offset)
        mark = read_mark(content, STORE)
        assert (mark.seq, mark.oldest) == (seq, 3)
    assert places == [SECTOR, 0, SECTOR]


@pytest.mark.parametrize(
    ("written", "oldest", "wanted"),
    [
        (10, 2, True),  # nothing has said yet how far the log is durable
        (11, 2, False),  # batch 11 is not synced, and no seal is a reason to
        (11, 3, True),  # a segment went
    ],
)
def test_a_seal_is_wanted_for_what_is_new_and_needs_no_other_sync(
    stable, written, oldest, wanted
):
    assert stable.wants_seal(written, oldest) == wanted


def test_a_seal_is_written_once(stable):
    assert not stable.is_sealed(10)
    stable.seal(STORE, 10, 3)
    assert stable.is_sealed(10)
    assert not stable.wants_seal(10, 3)
    assert not stable.is_sealed(11)
