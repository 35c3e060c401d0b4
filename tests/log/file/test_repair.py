"""Cutting a damaged log: what is before the cut stays, what is behind it is kept."""

import contextlib
import itertools

import pytest

from penstock.errors import LogCorrupt, LogFull
from penstock.log import Stored
from penstock.log.file import repair
from penstock.log.file.cut import plan
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    find_frames,
    read_store,
    segment_number,
    used,
    write_frame,
    write_mark,
)
from penstock.log.file.repair import LOST_IDS, carry_out
from penstock.testing.log_contract import sample
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded
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
def damaged():
    """Nine batches, three to a segment; the second one of the second is damaged."""
    machine = whole_log()
    change(machine, "0000000002.log", SECTOR + FRAME + 100, b"rot")
    return machine


def whole_log():
    """Nine batches, three to a segment."""
    machine = new_machine()
    log = open_log(machine)
    write(log, 1, 9, THIRD)
    log.seal()
    drive(log, machine)
    log.close()
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
    carry_out(folder, plan(folder, number, offset))
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
    assert log.recovered[-1].next_id == sample(9, THIRD).next_id + LOST_IDS
    assert log.recovered[-1].term == log.recovered[-2].term + 1
    write(log, 6, 7)
    assert log.told == [6, 7]


def test_what_is_cut_off_is_kept(damaged):
    before = contents(damaged)
    cut(damaged, 2, SECTOR + FRAME)
    after = contents(damaged)
    kept = after[f"quarantine/0000000002-{SECTOR + FRAME}.cut"]
    assert kept == used(before["0000000002.log"][SECTOR + FRAME :])
    third = after["quarantine/0000000003-0.cut"]
    assert third == used(before["0000000003.log"])


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
            carry_out(folder, plan(folder, *place))
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


def test_no_id_is_given_twice_by_a_second_repair(damaged):
    """Neither where the log is cut earlier still, nor at the same place again."""
    cut(damaged, 2, SECTOR + FRAME)
    given = []
    for number, offset in ((2, SECTOR), (1, SECTOR + FRAME), (1, SECTOR + FRAME)):
        restart(damaged)
        given.append(open_log(damaged).recovered[-1].next_id)
        cut(damaged, number, offset)
    given.append(reopened(damaged).recovered[-1].next_id)
    assert all(b >= a + LOST_IDS for a, b in itertools.pairwise(given))


def test_what_a_second_repair_cuts_off_is_kept_beside_the_first(damaged):
    cut(damaged, 2, SECTOR + FRAME)
    before = quarantined(damaged)
    cut(damaged, 2, SECTOR)
    after = quarantined(damaged)
    assert before.items() < after.items()


def quarantined(machine):
    found = contents(machine).items()
    return {name: each for name, each in found if name.startswith("quarantine/")}


def test_nothing_of_what_was_cut_off_is_left_behind_the_cut(damaged):
    cut(damaged, 2, SECTOR + FRAME)
    left = contents(damaged)["0000000002.log"][SECTOR + FRAME :]
    assert left == bytes(len(left))


DAMAGES = {
    "bit": lambda machine, name: change(machine, name, SECTOR + FRAME + 99, b"rot"),
    "first frame": lambda machine, name: change(machine, name, SECTOR + 99, b"rot"),
    "last frame": lambda m, name: change(m, name, SECTOR + 2 * FRAME + 99, b"rot"),
    "header": lambda machine, name: change(machine, name, 30, b"rot"),
    "zeros": lambda machine, name: change(machine, name, 0, bytes(SMALL)),
    "gone": lambda machine, name: machine.names.memory.pop(name),
    "empty": lambda machine, name: shorten(machine, name, 0),
    "header alone": lambda machine, name: shorten(machine, name, SECTOR),
    "odd size": lambda machine, name: shorten(machine, name, SECTOR + FRAME + 100),
    "short": lambda machine, name: shorten(machine, name, SECTOR + 2 * FRAME),
    "end gone": lambda machine, name: shorten(machine, name, SMALL - SECTOR),
}


def shorten(machine, name, size):
    file = machine.names.memory[name]
    file.sync()
    del file.memory[size:], file.drive[size:]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", DAMAGES)
def test_where_a_start_sees_damage_a_cut_there_helps(damage, number):
    machine = whole_log()
    DAMAGES[damage](machine, f"{number:010}.log")
    error = refusal(machine)
    place = segment_number(error.path)
    assert place is not None
    cut(machine, place, error.offset)
    seqs = [stored.seq for stored in reopened(machine).recovered]
    assert seqs == [*range(1, len(seqs) + 1)]
    assert len(seqs) > 3 * (number - 1)


@pytest.mark.parametrize("name", [STORE, MARK])
def test_a_log_without_its_small_files_is_believed(name):
    machine = whole_log()
    del machine.names.memory[name]
    refusal(machine)
    cut(machine, 3, SMALL)
    assert [stored.seq for stored in reopened(machine).recovered] == [*range(1, 11)]


def test_a_folder_that_is_not_whole_after_all_is_said(damaged, monkeypatch):
    monkeypatch.setattr(repair, "_wipe", lambda *_given: None)
    monkeypatch.setattr(repair, "_begin_anew", lambda *_given: None)
    with pytest.raises(LogCorrupt):
        cut(damaged, 2, SECTOR + FRAME)


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


def test_a_checksum_that_ends_with_a_zero_is_kept_whole():
    machine = whole_log()
    store = read_store(contents(machine)[STORE])
    for now in range(2000):  # one in 256 ends so
        batch = Stored(1, 99, now, 0, 1, 1, b"x" * 100)
        *front, end = write_frame(store, 3, 1, 0, batch, 0)
        if end[3] == 0:
            break
    assert end[:3] != bytes(3)
    frame = b"".join((*front, end))
    change(machine, "0000000003.log", SECTOR + 3 * FRAME, frame)
    cut(machine, 3, SECTOR + 3 * FRAME)
    kept = quarantined(machine)[f"quarantine/0000000003-{SECTOR + 3 * FRAME}.cut"]
    assert len(kept) % SECTOR == 0
    assert [f.stored.seq for f in find_frames(kept, 0, store, 3)] == [99]


def test_an_earlier_segment_that_lacks_only_zeros_gets_its_size():
    machine = whole_log()
    shorten(machine, "0000000001.log", SMALL - SECTOR)
    change(machine, "0000000002.log", SECTOR + FRAME + 99, b"rot")
    cut(machine, 2, SECTOR + FRAME)
    assert [stored.seq for stored in reopened(machine).recovered] == [1, 2, 3, 4, 5]


def test_what_is_older_than_what_is_needed_is_kept_too():
    """The next start removes it, and images of what it held may be cut off."""
    machine = whole_log()
    restart(machine)
    first = contents(machine)["0000000001.log"]
    log = open_log(machine)
    write(log, 10, 12, THIRD)
    log.trim(3)
    write(log, 13, 13, THIRD)
    drive(log, machine)
    restart(machine)
    machine.create_file("0000000001.log", machine.process).write(0, first)
    cut(machine, 4, 0)
    assert quarantined(machine)["quarantine/0000000001-0.cut"] == used(first)


def test_without_room_to_keep_what_goes_nothing_goes(damaged):
    restart(damaged)
    before = contents(damaged)
    capacity, damaged.capacity = damaged.capacity, damaged.used()
    with pytest.raises(LogFull, match="bytes, 0 are free; nothing was changed"):
        cut(damaged, 2, SECTOR + FRAME)
    assert contents(damaged) == before
    damaged.capacity = capacity
    cut(damaged, 2, SECTOR + FRAME)
    assert [stored.seq for stored in reopened(damaged).recovered] == [1, 2, 3, 4, 5]


def test_a_repair_that_stops_for_want_of_room_is_done_again_once_there_is(damaged):
    """Whatever room there was when it began."""
    restart(damaged)
    before = contents(damaged)
    for room in range(0, 4 * SMALL, SMALL // 4):
        machine = put_back(before)
        capacity, machine.capacity = machine.capacity, machine.used() + room
        with contextlib.suppress(OSError, LogFull):
            cut(machine, 2, SECTOR + FRAME)
        machine.capacity = capacity
        restart(machine)
        with contextlib.suppress(LogCorrupt):
            assert len(open_log(machine).recovered) == 5
            continue
        cut(machine, 2, SECTOR + FRAME)
        assert len(reopened(machine).recovered) == 5
