"""The log in a folder, beyond the contract of all logs."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from penstock.errors import LogBusy, LogError, LogFull
from penstock.log.file import NEVER
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    read_mark,
    read_store,
    segment_name,
)
from penstock.testing.log_contract import assert_same, exercise_log, sample
from penstock.testing.sim_disk import SimDisk
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

INTERVAL = 2_000_000  # nanoseconds


@pytest.fixture
def machine():
    return new_machine()


def segments(machine):
    return [name for name in contents(machine) if name.endswith(".log")]


# The contract.


@pytest.fixture
def place(tmp_path):
    """Make empty folders, and what opens a log there."""
    made: list[Path] = []

    def make(interval, size):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(folder)
        return lambda: FileLog(FileFolder(folder), Disk(folder, interval), size)

    return make


@pytest.mark.parametrize("size", [SMALL, 4 * 1024 * 1024])
@pytest.mark.parametrize("interval", [0, INTERVAL, NEVER])
def test_a_log_in_a_real_folder_keeps_the_contract(place, interval, size):
    asyncio.run(exercise_log(lambda: place(interval, size)))


@pytest.mark.parametrize("interval", [0, INTERVAL, NEVER])
def test_a_log_on_a_simulated_machine_keeps_the_contract(interval):
    def make():
        machine = new_machine()

        def open_again():
            restart(machine)
            return FileLog(SimFolder(machine), SimDisk(machine, interval), SMALL)

        return open_again

    asyncio.run(exercise_log(make))


# A second one.


def test_a_second_log_on_a_folder_is_refused_until_the_first_has_gone(place):
    open_again = place(0, SMALL)
    first, second = open_again(), open_again()
    first.recover(print)
    with pytest.raises(LogBusy):
        second.recover(print)
    first.close()
    second.recover(print)
    second.close()


def test_reading_changes_nothing(machine):
    log = open_log(machine)
    write(log, 1, 5, THIRD)
    restart(machine)
    before = contents(machine)
    open_log(machine)
    assert contents(machine) == before


# Durable, and told.


def test_nothing_is_told_before_its_sync(machine):
    log = open_log(machine)
    write(log, 1, 1)
    log.append(sample(2))
    while machine.calls["fdatasync"] == 0 or log.told != [1, 2]:
        synced = not any(f.unsynced for f in machine.names.memory.values())
        assert log.told == [1] or synced
        log.disk.step()
        log.settle()


def test_with_an_interval_a_batch_is_told_when_written_and_synced_later(machine):
    log = open_log(machine, INTERVAL)
    write(log, 1, 1)
    assert (log.told, log.syncs) == ([1], 0)
    machine.clock.advance(ns=INTERVAL)
    drive(log, machine)
    assert (log.told, log.syncs) == ([1], 1)


def test_a_write_that_fails_ends_the_log(machine):
    log = open_log(machine)
    write(log, 1, 2)
    machine.fail("pwritev", error=errno.EIO)
    log.append(sample(3))
    log.finish()
    assert log.told == [1, 2]
    (error,) = log.errors
    assert "pwritev 0000000001.log" in str(error)
    assert "Input/output error" in str(error)
    with pytest.raises(LogError, match="takes nothing"):
        log.append(sample(4))


def test_a_sync_that_fails_is_not_repeated(machine):
    log = open_log(machine)
    write(log, 1, 2)
    machine.fail("fdatasync", error=errno.ENOSPC)
    log.append(sample(3))
    log.finish()
    syncs = machine.calls["fdatasync"]
    log.close()
    assert machine.calls["fdatasync"] == syncs
    assert log.told == [1, 2]
    assert "No space left" in str(log.errors[0])


def test_what_the_disk_says_after_a_failure_is_not_told(machine):
    log = open_log(machine)
    write(log, 1, 6, THIRD)
    drive(log, machine)
    machine.fail("fsync")  # of the folder, when the next segment has been prepared
    log.append(sample(7, THIRD))
    while not log.errors:
        log.disk._step_filler()
        log.settle()
    drive(log, machine)
    assert (log.told[-1], len(log.errors)) == (6, 1)
    assert machine.calls["pwritev"] == 8, "the batch is there, and nobody hears of it"


# Segments.


def test_a_batch_that_does_not_fit_begins_the_next_segment(machine):
    log = open_log(machine)
    batches = write(log, 1, 7, THIRD)
    assert [stored.piece for stored in log.read(1)] == [1, 1, 1, 2, 2, 2, 3]
    assert_same(list(log.read(1)), batches)
    assert log.piece() == 3


def test_two_segments_are_prepared_ahead(machine):
    log = open_log(machine)
    write(log, 1, 1)
    drive(log, machine)
    assert segments(machine) == [segment_name(n) for n in (1, 2, 3)]
    assert log.usage().used == 3 * SMALL


def test_a_second_spare_waits_while_the_log_is_as_large_as_it_may_be(machine):
    log = open_log(machine)
    log.limit(2 * SMALL)
    write(log, 1, 1)
    drive(log, machine)
    assert segments(machine) == [segment_name(1), segment_name(2)]


def test_a_batch_larger_than_a_segment_gets_a_larger_one(machine):
    log = open_log(machine)
    batches = write(log, 1, 1)
    batches += write(log, 2, 2, 3 * SMALL)
    batches += write(log, 3, 3)
    assert [stored.piece for stored in log.read(1)] == [1, 2, 3]
    restart(machine)
    assert_same(open_log(machine).recovered, batches)


def test_trimming_waits_until_the_disk_knows_then_removes_the_files(machine):
    log = open_log(machine)
    batches = write(log, 1, 7, THIRD)
    drive(log, machine)
    upto = log.usage().trimmable
    assert upto == 3
    log.trim(upto)
    drive(log, machine)
    assert segment_name(1) in segments(machine), "nothing durable says it is not needed"
    batches += write(log, 8, 8)
    drive(log, machine)
    assert segment_name(1) not in segments(machine)
    assert log.usage().oldest_piece == 2
    restart(machine)
    assert_same(open_log(machine).recovered, batches[3:])


def test_an_idle_seal_declares_what_was_trimmed(machine):
    log = open_log(machine)
    batches = write(log, 1, 7, THIRD)
    log.trim(3)
    log.seal()
    drive(log, machine)
    assert segment_name(1) not in segments(machine)
    restart(machine)
    assert_same(open_log(machine).recovered, batches[3:])


@pytest.mark.parametrize("interval", [0, INTERVAL, NEVER])
def test_nothing_goes_before_the_drive_knows_that_it_may(interval):
    """The sync of the segment, which comes first, says nothing of the mark."""
    for seed in range(30):
        machine = new_machine()
        machine.chance.seed(seed)
        log = open_log(machine, interval)
        write(log, 1, 5, THIRD)
        drive(log, machine)
        log.trim(3)
        log.seal()
        while log.disk.is_busy() and segment_name(1) in machine.names.drive:
            log.disk.step()
            log.settle()
        machine.power_cut()
        open_log(machine)


@pytest.mark.parametrize("interval", [INTERVAL, NEVER])
def test_a_seal_is_no_reason_for_a_sync(machine, interval):
    log = open_log(machine, interval)
    write(log, 1, 2)
    drive(log, machine)
    write(log, 3, 3)
    calls = machine.calls["fdatasync"]
    log.seal()
    log.settle()
    while log.disk.step():
        log.settle()
    assert machine.calls["fdatasync"] == calls


def test_a_seal_follows_the_late_sync(machine):
    log = open_log(machine, INTERVAL)
    write(log, 1, 2)
    log.seal()
    machine.clock.advance(ns=INTERVAL)
    drive(log, machine)
    assert seal_of(machine) == (2, 1)


@pytest.mark.parametrize("interval", [0, INTERVAL, NEVER])
def test_an_end_in_order_is_sealed(machine, interval):
    log = open_log(machine, interval)
    write(log, 1, 3)
    log.close()
    assert seal_of(machine) == (3, 1)


def test_a_sync_that_fails_at_the_very_end_is_told(machine):
    log = open_log(machine, NEVER)
    write(log, 1, 3)
    drive(log, machine)
    machine.fail("fdatasync", error=errno.EIO)
    log.close()
    assert "fdatasync" in str(log.errors[0])


def test_the_segment_that_grows_is_never_trimmed(machine):
    log = open_log(machine)
    batches = write(log, 1, 3, THIRD)
    assert log.usage().trimmable == 0
    log.trim(3)
    assert_same(list(log.read(1)), batches)


# The mark.


def seal_of(machine):
    found = contents(machine)
    mark = read_mark(found[MARK], read_store(found[STORE]))
    return mark.seq, mark.oldest


def test_a_seal_notes_how_far_the_log_is_durable_in_turns(machine):
    log = open_log(machine)
    write(log, 1, 2)
    log.seal()
    log.finish()
    first = contents(machine)[MARK]
    assert seal_of(machine) == (2, 1)
    write(log, 3, 3)
    log.seal()
    log.finish()
    second = contents(machine)[MARK]
    assert seal_of(machine) == (3, 1)
    kept = [first[n : n + SECTOR] == second[n : n + SECTOR] for n in (0, SECTOR)]
    assert sorted(kept) == [False, True], "the older half alone is overwritten"


def test_under_load_the_mark_has_its_turn(machine):
    """The next batch is there before anything else could begin."""
    log = open_log(machine)

    def go_on(seq):
        log.told.append(seq)
        log.append(sample(seq + 1, THIRD))

    log.start(go_on, log.errors.append)
    log.append(sample(1, THIRD))
    while len(log.told) < 8:
        log.disk.step(hurried=True)
        log.settle()
    store = read_store(contents(machine)[STORE])
    assert read_mark(contents(machine)[MARK], store).seq >= 4


def test_a_seal_with_nothing_new_writes_nothing(machine):
    log = open_log(machine)
    write(log, 1, 2)
    log.seal()
    log.finish()
    calls = machine.calls.total()
    log.seal()
    log.finish()
    assert machine.calls.total() == calls


def test_a_seal_waits_for_the_batch_in_flight(machine):
    log = open_log(machine)
    write(log, 1, 1)
    log.append(sample(2))
    log.seal()
    log.finish()
    drive(log, machine)
    assert seal_of(machine) == (2, 1)


@pytest.mark.parametrize("interval", [INTERVAL, NEVER])
def test_a_seal_is_on_the_disk_after_what_it_vouches_for(machine, interval):
    """A mark that is ahead of its batches would turn a torn end into rot."""
    log = open_log(machine, interval)
    write(log, 1, 5)
    log.seal()
    log.finish()
    machine.power_cut()
    assert len(open_log(machine).recovered) in range(6)


# No room.


@pytest.mark.parametrize("interval", [0, NEVER])
def test_without_room_for_a_segment_the_room_is_none_and_deletes_go_on(
    machine, interval
):
    machine.capacity = 4 * SMALL + 8 * SECTOR
    log = open_log(machine, interval)
    seq = 1
    while log.usage().room > 0:
        write(log, seq, seq, THIRD)
        drive(log, machine)
        seq += 1
    write(log, seq, seq + 3)
    assert log.errors == []


@pytest.mark.parametrize("interval", [0, NEVER])
def test_a_log_with_nowhere_to_write_fails_and_says_so(machine, interval):
    machine.capacity = 4 * SMALL + 8 * SECTOR
    log = open_log(machine, interval)
    seq = 1
    while not log.errors:
        write(log, seq, seq, THIRD)
        drive(log, machine)
        seq += 1
    assert isinstance(log.errors[0], LogFull)
    told = log.told[-1]
    restart(machine)
    found = [stored.seq for stored in open_log(machine).recovered]
    assert found == [*range(1, told + 1)]


@pytest.mark.parametrize("interval", [0, INTERVAL, NEVER])
def test_what_was_trimmed_goes_where_there_is_no_room_for_a_frame_that_says_so(
    machine, interval
):
    machine.capacity = 4 * SMALL + 8 * SECTOR
    log = open_log(machine, interval)
    for seq in range(1, 12):
        write(log, seq, seq, THIRD)
        log.trim(seq - 1)
        drive(log, machine)
    assert (log.errors, log.told) == ([], [*range(1, 12)])
    marks = machine.calls["pwritev"] - 11
    assert marks <= 2 * 11 // 3 + 2, "one for each segment, and for what went"


def test_room_that_somebody_made_is_found(machine):
    machine.capacity = 2 * SMALL
    log = open_log(machine)
    write(log, 1, 1)
    drive(log, machine)
    assert log.usage().room == 0
    machine.capacity = 99 * SMALL
    assert log.usage().room > 0
    drive(log, machine)
    assert len(segments(machine)) == 3


def test_a_preparation_that_fails_for_another_reason_ends_the_log(machine):
    log = open_log(machine)
    write(log, 1, 1)
    drive(log, machine)
    machine.fail("fsync", error=errno.EIO)
    write(log, 2, 5, THIRD)
    drive(log, machine)
    assert "fsync 0000000004.log" in str(log.errors[0])


# Reading again.


def test_a_segment_that_begins_is_not_read_yet(machine):
    log = open_log(machine)
    batches = write(log, 1, 3, THIRD)
    drive(log, machine)
    log.append(sample(4, THIRD))
    assert_same(list(log.read(1)), batches)


# Starts.


def test_the_first_batch_after_a_start_goes_to_a_segment_of_its_own(machine):
    batches = write(open_log(machine), 1, 3)
    restart(machine)
    log = open_log(machine)
    assert_same(log.recovered, batches)
    assert log.piece() == 0, "nothing is written before the first batch"
    batches += write(log, 4, 5)
    assert log.piece() == 2
    assert_same(list(log.read(1)), batches)


def test_the_term_grows_with_each_start(machine):
    for start in range(1, 4):
        log = open_log(machine)
        write(log, start, start)
        restart(machine)
    terms = [stored.term for stored in open_log(machine).recovered]
    assert terms == [1, 2, 3]


def test_the_term_grows_though_the_last_segment_holds_nothing(machine):
    log = open_log(machine)
    write(log, 1, 1)
    log.seal()
    log.finish()
    restart(machine)
    before = contents(machine)[MARK]
    write(open_log(machine), 2, 2)
    restart(machine)
    change(machine, segment_name(2), SECTOR, bytes(SECTOR))
    change(machine, MARK, 0, before)
    log = open_log(machine)
    assert [stored.seq for stored in log.recovered] == [1]
    write(log, 2, 2)
    restart(machine)
    # The second start's term was that of the batch that did not arrive.
    assert [stored.term for stored in open_log(machine).recovered] == [1, 2]


def test_many_starts_leave_few_files_once_they_are_trimmed(machine):
    for start in range(1, 9):
        log = open_log(machine)
        write(log, start, start)
        drive(log, machine)
        restart(machine)
    log = open_log(machine)
    write(log, 9, 9)
    while upto := log.usage().trimmable:
        log.trim(upto)
    log.seal()
    drive(log, machine)
    assert len(segments(machine)) == 3


def test_a_torn_end_is_cut_kept_and_reported(machine):
    log = open_log(machine)
    write(log, 1, 3)
    log.append(sample(4, 5000))
    machine.end_process_after(0)
    restart(machine)
    end = 4 * SECTOR
    change(machine, segment_name(1), end, b"half a frame")
    log = open_log(machine)
    assert (log.torn.number, log.torn.offset, log.torn.count) == (1, end, 12)
    assert machine.quarantined() == {}, "nothing is cut before the server writes"
    write(log, 4, 4)
    kept = {f"quarantine/0000000001-{end}.cut": b"half a frame".ljust(SECTOR, b"\0")}
    assert machine.quarantined() == kept
    restart(machine)
    log = open_log(machine)
    assert [stored.seq for stored in log.recovered] == [1, 2, 3, 4]
    assert log.torn is None


def test_what_is_trimmed_while_nothing_is_written_goes_all_the_same():
    machine = new_machine()
    log = open_log(machine)
    write(log, 1, 9, THIRD)
    log.seal()
    drive(log, machine)
    log.trim(log.usage().trimmable)
    drive(log, machine)
    assert "0000000001.log" not in contents(machine)
    machine.power_cut()
    assert [stored.seq for stored in open_log(machine).recovered] == [4, 5, 6, 7, 8, 9]
