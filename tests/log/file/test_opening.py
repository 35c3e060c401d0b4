"""Making a folder ready to be written, and dying on the way."""

from __future__ import annotations

import pytest

from penstock.log.file import NEVER
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    frame_size,
    read_header,
    read_mark,
    read_store,
    segment_name,
)
from penstock.log.file.opening import LEAST
from penstock.log.file.scan import Scan
from penstock.testing.log_contract import assert_same, sample
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


@pytest.fixture
def machine():
    return new_machine()


def die_after(machine, calls):
    """Start, and let the process end within a system call; tell whether it did."""
    log = open_log(machine)
    machine.end_process_after(calls)
    try:
        seq = len(log.recovered) + 1
        write(log, seq, seq)
    except ProcessEnded:
        return True
    return False


def header_of(machine, number):
    return read_header(contents(machine)[segment_name(number)][:SECTOR])


# A new store.


def test_a_new_store_has_a_name_a_mark_and_a_segment(machine):
    write(open_log(machine), 1, 1)
    found = contents(machine)
    store = read_store(found[STORE])
    assert len(set(store)) > 4, "16 bytes of chance"
    assert {STORE, MARK, segment_name(1)} <= set(found)
    header = header_of(machine, 1)
    assert (header.store, header.number, header.first) == (store, 1, 1)
    assert (header.size, len(found[segment_name(1)])) == (SMALL, SMALL)


def test_no_two_stores_have_one_name():
    stores = set()
    for _ in range(5):
        machine = new_machine()
        write(open_log(machine), 1, 1)
        stores.add(read_store(contents(machine)[STORE]))
    assert len(stores) == 5


@pytest.mark.parametrize("power", [True, False])
def test_a_start_that_died_at_any_call_is_begun_again(power):
    calls = 0
    died = True
    while died:
        machine = new_machine()
        died = die_after(machine, calls)
        machine.power_cut() if power else machine.kill()
        log = open_log(machine)
        assert len(log.recovered) <= 1
        seq = len(log.recovered) + 1
        write(log, seq, seq)
        restart(machine)
        assert len(open_log(machine).recovered) == seq
        calls += 1
    assert calls > 15


# A new segment.


def test_what_may_not_be_on_the_disk_is_written_again(machine):
    log = open_log(machine, NEVER)
    batches = write(log, 1, 5)
    restart(machine)
    batches += write(open_log(machine), 6, 6)
    header = header_of(machine, 2)
    assert (header.first, header.mark, header.previous) == (1, 5, 0)
    change(machine, segment_name(1), SECTOR, b"x" * 5 * frame_size(20))
    restart(machine)
    assert_same(open_log(machine).recovered, batches)


def test_what_was_proven_durable_stays_where_it_is(machine):
    log = open_log(machine)
    write(log, 1, 5)
    log.seal()
    log.finish()
    restart(machine)
    write(open_log(machine), 6, 6)
    header = header_of(machine, 2)
    assert (header.first, header.mark) == (6, 5)


def test_one_batch_behind_the_last_mark_is_written_again(machine):
    write(open_log(machine), 1, 5)
    restart(machine)
    write(open_log(machine), 6, 6)
    header = header_of(machine, 2)
    assert (header.first, header.mark) == (5, 5)


def test_a_segment_that_holds_nothing_any_more_can_go(machine):
    """No batch's number would tell of it: its only one stands in the next as well."""
    write(open_log(machine), 1, 1)
    restart(machine)
    log = open_log(machine)
    batches = [*log.recovered]
    write(log, 2, 2)
    drive(log, machine)
    assert segment_name(1) not in contents(machine)
    assert log.usage().oldest_piece == 2
    restart(machine)
    found = open_log(machine).recovered
    assert [stored.seq for stored in found] == [1, 2]
    assert found[0].payload == batches[0].payload


def test_much_that_is_written_again_gets_a_larger_segment(machine):
    log = open_log(machine, NEVER)
    batches = write(log, 1, 1, 3 * SMALL)
    restart(machine)
    batches += write(open_log(machine), 2, 2)
    assert header_of(machine, 3).size > 3 * SMALL
    restart(machine)
    assert_same(open_log(machine).recovered, batches)


def test_a_mark_with_a_bad_half_is_mended(machine):
    log = open_log(machine)
    write(log, 1, 5)
    log.seal()
    log.finish()
    restart(machine)
    whole = read_mark(contents(machine)[MARK], read_store(contents(machine)[STORE]))
    change(machine, MARK, (1 - whole.half) * SECTOR, b"x")
    open_log(machine).append(sample(6))  # nothing of it is on its way yet
    mended = contents(machine)[MARK]
    assert mended[:SECTOR] == mended[SECTOR:]
    assert read_mark(mended, read_store(contents(machine)[STORE])).seq == 5


def test_the_newer_half_of_the_mark_stays_until_the_other_is_written(machine):
    halves = []
    for seq in range(1, 5):
        log = open_log(machine)
        write(log, seq, seq)
        log.seal()
        log.finish()
        content = contents(machine)[MARK]
        halves.append(read_mark(content, read_store(contents(machine)[STORE])).half)
        restart(machine)
    assert halves in ([0, 1, 0, 1], [1, 0, 1, 0])


def test_starts_on_a_full_drive_take_the_room_of_the_spares_then_less(machine):
    size = 4 * SMALL
    machine.capacity = 3 * size + 3 * LEAST
    batches = []
    for seq in range(1, 6):
        log = open_log(machine, size=size)
        batches += write(log, seq, seq)
        log.seal()
        drive(log, machine)
        assert log.errors == []
        restart(machine)
    sizes = [header_of(machine, n).size for n in range(1, 6)]
    assert sizes[:3] == [size] * 3
    assert all(LEAST < each < 2 * LEAST for each in sizes[3:])
    assert_same(open_log(machine).recovered, batches)


def test_files_that_nobody_needs_are_removed(machine):
    log = open_log(machine)
    batches = write(log, 1, 7, THIRD)
    drive(log, machine)
    old = contents(machine)[segment_name(1)]
    log.trim(3)
    write(log, 8, 8)
    drive(log, machine)
    machine.create_file(segment_name(1), machine.process).write(0, old)
    restart(machine)
    log = open_log(machine)
    assert_same(log.recovered[:4], batches[3:])
    before = set(contents(machine))
    write(log, 9, 9)
    assert before - set(contents(machine)) == {segment_name(1), segment_name(5)}


@pytest.mark.parametrize("power", [True, False])
@pytest.mark.parametrize("interval", [0, NEVER])
def test_a_restart_that_died_at_any_call_loses_nothing(power, interval):
    calls = 0
    died = True
    while died:
        machine = new_machine()
        batches = write(open_log(machine, interval), 1, 5, THIRD)
        restart(machine)
        change(machine, segment_name(2), SECTOR + 2 * frame_size(THIRD), b"torn")
        died = die_after(machine, calls)
        machine.power_cut() if power else machine.kill()
        found = open_log(machine).recovered
        assert_same(found[:5], batches)
        assert len(found) in (5, 6)
        calls += 1
    assert calls > 10


def test_many_small_batches_written_again_share_a_sync(machine):
    log = open_log(machine, NEVER)
    batches = write(log, 1, 100)
    machine.kill()
    log = open_log(machine)
    before = machine.calls["fdatasync"]
    write(log, 101, 101)
    assert machine.calls["fdatasync"] - before < 10
    machine.power_cut()
    assert_same(open_log(machine).recovered[:100], batches)


def test_what_was_torn_is_kept_where_spares_have_taken_all_room(machine):
    log = open_log(machine)
    write(log, 1, 2, THIRD)
    drive(log, machine)
    restart(machine)
    change(machine, segment_name(1), SECTOR + frame_size(THIRD) + 99, b"torn")
    machine.capacity = machine.used()
    log = open_log(machine)
    write(log, 2, 2)
    assert log.errors == []
    (kept,) = machine.quarantined().values()
    assert len(kept) > THIRD


def test_looking_twice_sees_the_same(machine):
    write(open_log(machine), 1, 4, THIRD)
    restart(machine)
    first, second = (Scan(SimFolder(machine)) for _ in range(2))
    assert (first.end, first.headers) == (second.end, second.headers)
