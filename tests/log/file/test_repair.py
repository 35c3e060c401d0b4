"""Cutting a damaged log: what is before the cut stays, what is behind it is kept."""

import pytest

from penstock.errors import LogCorrupt
from penstock.log.file import repair
from penstock.log.file.layout import MARK, SECTOR, STORE, read_store, write_mark
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded
from tests.log.file.machine import (
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
def damaged():
    """Nine batches, three to a segment; the second one of the second is damaged."""
    machine = new_machine()
    log = open_log(machine)
    write(log, 1, 9, THIRD)
    log.seal()
    drive(log, machine)
    log.close()
    change(machine, "0000000002.log", SECTOR + FRAME + 100, b"rot")
    return machine


def refusal(machine):
    """Give what a start says that takes it for damaged."""
    restart(machine)
    with pytest.raises(LogCorrupt) as caught:
        open_log(machine)
    return caught.value


def reopened(machine):
    restart(machine)
    return open_log(machine)


def cut(machine, number, offset):
    restart(machine)
    folder = SimFolder(machine)
    repair.cut(folder, number, offset)
    folder.close()


def test_the_named_place_is_where_to_cut(damaged):
    error = refusal(damaged)
    assert (error.path, error.offset) == ("0000000002.log", SECTOR + FRAME)
    cut(damaged, 2, error.offset)
    log = reopened(damaged)
    assert [stored.seq for stored in log.recovered] == [1, 2, 3, 4, 5]
    assert log.recovered[-1].payload == b""


def test_ids_go_on_far_above_all_that_were_given(damaged):
    cut(damaged, 2, SECTOR + FRAME)
    log = reopened(damaged)
    assert log.recovered[-1].next_id == log.recovered[-2].next_id + (1 << 32)
    write(log, 6, 7)
    assert log.told == [6, 7]


def test_what_is_cut_off_is_kept(damaged):
    before = contents(damaged)
    cut(damaged, 2, SECTOR + FRAME)
    after = contents(damaged)
    kept = after[f"quarantine/0000000002-{SECTOR + FRAME}.cut"]
    assert kept == before["0000000002.log"][SECTOR + FRAME :].rstrip(b"\0")
    third = after["quarantine/0000000003-0.cut"]
    assert third == before["0000000003.log"].rstrip(b"\0")


def test_a_repair_can_be_done_again(damaged):
    cut(damaged, 2, SECTOR + FRAME)
    cut(damaged, 2, SECTOR + FRAME)
    assert [stored.seq for stored in reopened(damaged).recovered] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("end", ["power_cut", "kill"])
def test_until_a_repair_is_done_no_server_starts(damaged, end):
    """Of what tells of the damage, part is cut off with it: the rest has to last."""
    damaged = log_whose_later_segments_alone_tell(damaged)
    place = (2, SECTOR + FRAME)
    before, calls, refused = contents(damaged), 0, 0
    done = False
    while not done:
        machine = put_back(before)
        folder = SimFolder(machine)
        machine.end_process_after(calls)
        try:
            repair.cut(folder, *place)
            done = True
        except ProcessEnded:
            getattr(machine, end)()
        try:
            found = [stored.seq for stored in reopened(machine).recovered]
            assert found == [1, 2, 3, 4, 5]
        except LogCorrupt:
            refused += 1
            assert not done
            cut(machine, *place)
            assert len(reopened(machine).recovered) == 5
        calls += 1
    assert refused > 15


def log_whose_later_segments_alone_tell(machine):
    change(machine, "0000000002.log", SECTOR + 2 * FRAME + 100, b"rot")
    store = read_store(contents(machine)[STORE])
    change(machine, MARK, 0, 2 * write_mark(store, 1, 3))
    return machine


def put_back(files):
    machine = new_machine()
    for name, content in files.items():
        machine.create_file(name, machine.process).write(0, content)
    restart(machine)
    return machine


def test_an_earlier_place_gives_up_more(damaged):
    cut(damaged, 1, SECTOR + FRAME)
    assert [stored.seq for stored in reopened(damaged).recovered] == [1, 2]


def test_a_segment_whose_header_is_damaged_is_cut_from_its_start(damaged):
    change(damaged, "0000000002.log", 30, b"rot")
    assert refusal(damaged).path == "0000000002.log"
    cut(damaged, 2, 0)
    assert [stored.seq for stored in reopened(damaged).recovered] == [1, 2, 3, 4]


def test_damage_before_the_cut_is_refused_and_nothing_is_touched(damaged):
    change(damaged, "0000000001.log", 30, b"rot")
    before = contents(damaged)
    with pytest.raises(LogCorrupt, match="before the cut"):
        cut(damaged, 2, SECTOR + FRAME)
    assert contents(damaged) == before
