"""Which jobs damage may have taken."""

from __future__ import annotations

import pytest

from penstock.log.file.layout import SECTOR, frame_size, segment_name
from penstock.log.file.lost_ids import LostIds, between
from penstock.log.file.scan import Scan
from penstock.testing.log_contract import sample
from penstock.testing.sim_folder import SimFolder
from tests.log.file.machine import THIRD, new_machine, open_log, restart, write


@pytest.fixture
def lost():
    """Nine batches, three to a segment; the middle one cannot be read."""
    machine = new_machine()
    write(open_log(machine), 1, 9, THIRD)
    restart(machine)
    scan = Scan(SimFolder(machine))
    headers = {n: header for n, header in scan.headers.items() if n != 2}
    return LostIds(scan.folder, scan.store, headers)


def next_id(seq):
    return sample(seq, THIRD).next_id


def test_of_a_segment_the_ones_around_it_tell(lost):
    assert lost.first_of(2) == next_id(3)
    assert lost.of(2) == between(next_id(3), next_id(7))


def test_nothing_in_front_is_the_first_id_and_nothing_behind_is_no_end(lost):
    assert lost.first_of(1) == 1
    assert lost.of(9) == between(next_id(9), None)


def test_behind_a_place_the_first_good_batch_tells(lost):
    second = SECTOR + frame_size(THIRD)
    assert lost.next_behind(1, second) == next_id(2)
    assert lost.next_behind(1, second + SECTOR) == next_id(3)
    assert lost.next_behind(1, 3 * frame_size(THIRD)) is None
    assert segment_name(1) == "0000000001.log"


@pytest.mark.parametrize(
    ("first", "until", "told"),
    [
        (5, None, "jobs from 5 on may be lost"),
        (5, 6, "jobs 5 to 5 may be lost"),
        (5, 5, "no put is among what is lost"),
    ],
)
def test_jobs_are_named_from_one_to_another(first, until, told):
    assert told in between(first, until)
