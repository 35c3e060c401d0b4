"""Where a damaged log can end, and what that comes to."""

from __future__ import annotations

import pytest

from penstock.errors import LogCorrupt
from penstock.log.file.cut import begun, highest_id, kept, numbers, plan, store_of
from penstock.log.file.layout import MARK, SECTOR, STORE, segment_name
from penstock.testing.log_contract import sample
from penstock.testing.sim_folder import SimFolder
from tests.log.file.machine import (
    SMALL,
    THIRD,
    change,
    contents,
    drive,
    new_machine,
    open_log,
    restart,
    write,
)

FRAME = 512 + 20 * 1024  # bytes that a sample of THIRD takes


@pytest.fixture
def machine():
    """Nine batches, three to a segment, and two spares."""
    machine = new_machine()
    log = open_log(machine)
    write(log, 1, 9, THIRD)
    log.seal()
    drive(log, machine)
    log.close()
    restart(machine)
    return machine


def planned(machine, number, offset):
    """Plan a cut, nothing changed by that; give the batches that stay too."""
    before = contents(machine)
    folder = SimFolder(machine)
    cut = plan(folder, number, offset)
    seqs = [stored.seq for stored in kept(folder, cut)]
    assert contents(machine) == before
    assert cut.last.seq == (seqs[-1] if seqs else 0)
    return cut, seqs


def refused(machine, number, offset):
    with pytest.raises(LogCorrupt, match="before the cut") as caught:
        plan(SimFolder(machine), number, offset)
    return caught.value.path, caught.value.offset


@pytest.mark.parametrize(
    ("number", "offset", "at", "last"),
    [
        (2, SECTOR + FRAME, SECTOR + FRAME, 4),
        (2, SECTOR, 0, 3),
        (2, 0, 0, 3),
        (3, SMALL, SECTOR + 3 * FRAME, 9),
        (1, 0, 0, 0),
    ],
)
def test_the_log_ends_behind_the_last_batch_in_front_of_the_place(
    machine, number, offset, at, last
):
    cut, seqs = planned(machine, number, offset)
    assert (cut.number, cut.offset) == (number, at)
    assert seqs == [*range(1, last + 1)]


def test_a_place_within_a_batch_is_in_front_of_it(machine):
    cut, seqs = planned(machine, 2, SECTOR + FRAME + 5 * SECTOR)
    assert (cut.offset, seqs[-1]) == (SECTOR + FRAME, 4)


def test_what_is_damaged_in_front_of_the_place_has_its_own(machine):
    change(machine, segment_name(1), SECTOR + FRAME + 100, b"rot")
    assert refused(machine, 2, SECTOR + FRAME) == (segment_name(1), SECTOR + FRAME)


def test_a_header_in_front_of_the_place_is_needed(machine):
    change(machine, segment_name(2), 30, b"rot")
    assert refused(machine, 3, SECTOR) == (segment_name(2), 0)
    assert refused(machine, 2, SECTOR) == (segment_name(2), 0)
    assert planned(machine, 2, 0)[1] == [1, 2, 3]


def test_a_segment_of_another_place_is_none(machine):
    first = contents(machine)[segment_name(1)]
    change(machine, segment_name(2), 0, first)
    assert refused(machine, 3, SECTOR) == (segment_name(2), 0)


def test_a_file_that_is_gone_is_damage(machine):
    del machine.names.memory[segment_name(2)]
    assert refused(machine, 3, SECTOR) == (segment_name(2), 0)
    assert planned(machine, 2, 0)[1] == [1, 2, 3]


@pytest.mark.parametrize("name", [STORE, MARK])
def test_what_the_segments_tell_stands_in_for_a_file_that_is_gone(machine, name):
    store = store_of(SimFolder(machine))
    del machine.names.memory[name]
    cut, seqs = planned(machine, 3, SMALL)
    assert (cut.store, seqs) == (store, [*range(1, 10)])


def test_without_store_and_headers_there_is_nothing_to_go_by(machine):
    del machine.names.memory[STORE]
    for number in (1, 2, 3):
        change(machine, segment_name(number), 30, b"rot")
    with pytest.raises(LogCorrupt, match="nothing tells which store this is"):
        plan(SimFolder(machine), 1, 0)


def test_what_is_not_needed_any_more_may_be_gone(machine):
    log = open_log(machine)
    write(log, 10, 12, THIRD)
    log.trim(6)
    write(log, 13, 13, THIRD)
    drive(log, machine)
    restart(machine)
    del machine.names.memory[MARK]
    last = begun(SimFolder(machine))[-1]
    cut, seqs = planned(machine, last, SMALL)
    assert seqs[0] == 7
    assert cut.oldest == 3


def test_segments_that_were_begun_are_told_from_spares(machine):
    folder = SimFolder(machine)
    assert begun(folder) == [1, 2, 3]
    assert numbers(folder) == [1, 2, 3, 4, 5]


def test_ids_are_heeded_wherever_they_can_be_read(machine):
    folder = SimFolder(machine)
    store = store_of(folder)
    assert highest_id(folder, store) == sample(9, THIRD).next_id
    third = contents(machine)[segment_name(3)][SECTOR:]
    change(machine, segment_name(3), 0, bytes(SMALL))
    assert highest_id(folder, store) == sample(6, THIRD).next_id
    folder.replace("quarantine/0000000003-512.cut", third)
    assert highest_id(folder, store) == sample(9, THIRD).next_id


@pytest.fixture
def again():
    """Batches 1 to 3, of which a start has written 3 again before 4 to 6."""
    machine = new_machine()
    write(open_log(machine), 1, 3, THIRD)
    restart(machine)
    write(open_log(machine), 4, 6, THIRD)
    restart(machine)
    return machine


def test_what_a_start_wrote_again_counts_once(again):
    assert planned(again, 2, SMALL)[1] == [1, 2, 3, 4, 5]
    assert planned(again, 3, SMALL)[1] == [*range(1, 7)]
    assert planned(again, 2, SECTOR + FRAME)[1] == [1, 2, 3]


def test_where_that_is_damaged_the_first_copy_stands_in(again):
    change(again, segment_name(2), SECTOR + 99, b"rot")
    cut, seqs = planned(again, 2, SECTOR)
    assert (cut.number, cut.offset, seqs) == (2, 0, [1, 2, 3])


def test_what_is_gone_is_known_by_batches_behind_the_cut_too(machine):
    """The mark comes later than the frame that lets a file go."""
    before = contents(machine)[MARK]
    log = open_log(machine)
    write(log, 10, 11, THIRD)
    log.trim(3)
    write(log, 12, 12)
    drive(log, machine)
    restart(machine)
    assert segment_name(1) not in contents(machine)
    change(machine, MARK, 0, before)
    cut, seqs = planned(machine, 3, SECTOR + FRAME)
    assert (cut.oldest, seqs) == (2, [4, 5, 6, 7])
