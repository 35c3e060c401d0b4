"""The disk of a simulated machine: outcomes, steps, faults, and what is left."""

import errno
from random import Random

import pytest

from penstock.errors import LogError
from penstock.log.file import DISCARDED, NEVER, PREPARED, SYNCED, WRITTEN
from penstock.testing import ManualClock
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded, SimMachine

ONE = b"1" * 512
TWO = b"2" * 512
MS = 1_000_000


class Place:
    """A machine with a segment, and a disk that writes into it."""

    def __init__(self, *, seed: int = 1, interval: int = 0, size: int = 4096) -> None:
        self.clock = ManualClock()
        self.machine = SimMachine(Random(seed), self.clock)
        self.folder = SimFolder(self.machine)
        self.folder.create("a", size)
        self.machine.calls.clear()
        self.disk = SimDisk(self.machine, interval)

    def run(self):
        """Let everything happen that can, and give the outcomes."""
        while self.disk.step():
            continue
        return self.disk.outcomes()

    def content(self, name: str = "a", count: int = 512) -> bytes:
        return SimFolder(self.machine).read(name, 0, count)


@pytest.fixture
def place():
    return Place()


# Writing.


def test_somebody_else_drives_it(place):
    assert place.disk.fileno() == -1
    assert not place.disk.step()
    assert not place.disk.is_busy()
    assert place.disk.outcomes() == []


def test_a_write_takes_three_system_calls_and_ends_synced(place):
    place.disk.write(7, "a", 512, (b"1" * 500, b"2" * 12))
    calls = []
    while place.disk.is_busy():
        assert place.disk.outcomes() == []
        before = place.machine.calls.copy()
        assert place.disk.step()
        calls += list(place.machine.calls - before)
    assert calls == ["openat", "pwritev", "fdatasync"]
    (outcome,) = place.disk.outcomes()
    assert (outcome.kind, outcome.seq, outcome.name) == (SYNCED, 7, "a")
    assert (outcome.error, outcome.call) == (0, "")
    assert outcome.took > 0
    place.machine.power_cut()
    assert place.content(count=1024) == bytes(512) + b"1" * 500 + b"2" * 12


def test_a_file_is_opened_once(place):
    for seq in (1, 2):
        place.disk.write(seq, "a", 0, (ONE,))
        place.run()
    assert place.machine.calls["openat"] == 1


def test_one_write_is_in_flight_until_its_outcome_is_taken(place):
    place.disk.write(1, "a", 0, (ONE,))
    for _ in range(3):
        with pytest.raises(AssertionError, match="one write"):
            place.disk.write(2, "a", 0, (ONE,))
        place.disk.step()
    with pytest.raises(AssertionError, match="one write"):
        place.disk.write(2, "a", 0, (ONE,))
    place.disk.outcomes()
    place.disk.write(2, "a", 0, (ONE,))


def test_a_short_write_is_gone_on_with(place):
    place.machine.shorten("pwritev", 1, 700)
    place.machine.shorten("pwritev", 2, 1)
    place.disk.write(1, "a", 0, (ONE, TWO))
    (outcome,) = place.run()
    assert (outcome.kind, outcome.error) == (SYNCED, 0)
    assert place.machine.calls["pwritev"] == 3
    assert place.content(count=1024) == ONE + TWO


def test_an_interrupted_write_is_repeated(place):
    place.machine.fail("pwritev", 1, errno.EINTR)
    place.disk.write(1, "a", 0, (ONE,))
    (outcome,) = place.run()
    assert outcome.error == 0
    assert place.content() == ONE


@pytest.mark.parametrize("call", ["openat", "pwritev", "fdatasync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_failing_call_of_a_write_is_told_with_its_name(place, call, error):
    place.machine.fail(call, 1, error)
    place.disk.write(1, "a", 0, (ONE,))
    (outcome,) = place.run()
    assert (outcome.kind, outcome.seq, outcome.name) == (SYNCED, 1, "a")
    assert (outcome.error, outcome.call) == (error, call)
    assert place.machine.fired == [(call, error)]


def test_a_write_into_nothing_fails(place):
    place.disk.write(1, "nowhere", 0, (ONE,))
    (outcome,) = place.run()
    assert (outcome.error, outcome.call) == (errno.ENOENT, "nowhere")


# What is left of a write in flight.


def left_after(steps: int, end) -> set[bytes]:
    """What is in the first two sectors after so many steps and an end."""
    found = set()
    for seed in range(150):
        place = Place(seed=seed)
        place.disk.write(1, "a", 0, (ONE, TWO))
        for _ in range(steps):
            place.disk.step()
        end(place.machine)
        found.add(place.content(count=1024))
    return found


NOTHING = bytes(1024)
TORN = {NOTHING, ONE + bytes(512), bytes(512) + TWO, ONE + TWO}


def test_before_it_is_synced_a_power_cut_leaves_any_of_its_sectors():
    assert left_after(2, SimMachine.power_cut) == TORN


def test_once_it_is_synced_a_power_cut_leaves_all_of_it():
    assert left_after(3, SimMachine.power_cut) == {ONE + TWO}


def test_a_kill_leaves_a_beginning_of_it():
    for steps in (0, 1):
        found = {
            content.rstrip(b"\0") for content in left_after(steps, SimMachine.kill)
        }
        assert all((ONE + TWO).startswith(content) for content in found)
        assert len(found) > 20


def test_a_kill_leaves_all_of_it_once_it_is_written():
    assert left_after(2, SimMachine.kill) == {ONE + TWO}


def test_a_disk_of_a_process_that_has_ended_makes_no_call(place):
    place.disk.write(1, "a", 0, (ONE,))
    place.machine.kill()
    with pytest.raises(ProcessEnded):
        place.disk.step()


def test_a_process_may_end_in_the_middle_of_a_step(place):
    place.machine.end_process_after(1)
    place.disk.write(1, "a", 0, (ONE,))
    place.disk.step()
    with pytest.raises(ProcessEnded):
        place.disk.step()
    place.machine.power_cut()
    assert SimDisk(place.machine, 0).outcomes() == []


# Segments come and go.


def test_a_segment_is_prepared_step_by_step_and_durable_then(place):
    place.disk.prepare("b", 3000)
    steps = 0
    while place.disk.is_busy():
        assert place.disk.outcomes() == []
        assert place.disk.step()
        steps += 1
    (outcome,) = place.disk.outcomes()
    assert (outcome.kind, outcome.name, outcome.error) == (PREPARED, "b", 0)
    assert steps == sum(place.machine.calls.values()) == 6
    place.machine.power_cut()
    assert place.content("b", 5000) == bytes(3000)


def test_a_segment_that_was_not_finished_is_short_or_not_there():
    sizes = set()
    for seed in range(200):
        place = Place(seed=seed)
        place.disk.prepare("b", 4096)
        for _ in range(2):
            place.disk.step()
        place.machine.power_cut()
        folder = SimFolder(place.machine)
        sizes.add(folder.size("b") if "b" in folder.names() else -1)
    assert {-1, 0, 2048} < sizes
    assert max(sizes) == 2048


def test_a_segment_that_cannot_be_made_is_removed_again(place):
    for call in ("openat", "pwrite", "fdatasync", "fsync"):
        place.machine.fail(call, 1, errno.ENOSPC)
        place.disk.prepare("b", 4096)
        (outcome,) = place.run()
        assert (outcome.kind, outcome.error) == (PREPARED, errno.ENOSPC)
        assert outcome.call == call
        assert place.folder.names() == ["a"]


def test_a_discarded_segment_is_gone_for_good(place):
    place.disk.discard("a")
    (outcome,) = place.run()
    assert (outcome.kind, outcome.name, outcome.error) == (DISCARDED, "a", 0)
    place.machine.power_cut()
    assert SimFolder(place.machine).names() == []


@pytest.mark.parametrize("call", ["unlinkat", "fsync"])
def test_a_failing_removal_is_told(place, call):
    place.machine.fail(call)
    place.disk.discard("a")
    (outcome,) = place.run()
    assert (outcome.kind, outcome.name) == (DISCARDED, "a")
    assert (outcome.error, outcome.call) == (errno.EIO, call)


def test_one_segment_comes_or_goes_until_its_outcome_is_taken(place):
    place.disk.prepare("b", 512)
    while place.disk.step():
        with pytest.raises(AssertionError, match="one segment"):
            place.disk.discard("a")
    place.disk.outcomes()
    place.disk.discard("a")


def steps_until_synced(urgency: int) -> float:
    """The mean number of steps that a write takes beside the preparing of a segment."""
    total = 0
    for seed in range(100):
        place = Place(seed=seed)
        place.disk.prepare("b", 4096)
        place.disk.hurry(urgency)
        place.disk.write(1, "a", 0, (ONE,))
        while not any(outcome.kind == SYNCED for outcome in place.disk.outcomes()):
            place.disk.step()
            total += 1
    return total / 100


def test_both_threads_make_headway_and_the_urgency_shifts_it():
    leisurely, urgent = steps_until_synced(0), steps_until_synced(2)
    assert 3.3 < leisurely < urgent < 9


def test_an_urgency_is_0_1_or_2(place):
    with pytest.raises(AssertionError):
        place.disk.hurry(3)


# Waiting and closing.


def test_waiting_goes_on_until_there_is_an_outcome(place):
    place.disk.write(1, "a", 0, (ONE,))
    place.disk.wait()
    place.disk.wait()  # it is still there
    assert [outcome.seq for outcome in place.disk.outcomes()] == [1]


def test_waiting_for_nothing_is_a_mistake(place):
    with pytest.raises(AssertionError, match="waits for ever"):
        place.disk.wait()


@pytest.mark.parametrize("interval", [0, 5 * MS, NEVER])
def test_closing_finishes_and_syncs_what_is_in_flight(interval):
    place = Place(interval=interval)
    place.disk.write(1, "a", 0, (ONE,))
    place.disk.prepare("b", 2048)
    place.disk.close()
    place.disk.close()
    place.machine.power_cut()
    assert place.content() == ONE


def test_a_closed_disk_takes_nothing(place):
    place.disk.close()
    with pytest.raises(LogError, match="closed"):
        place.disk.write(1, "a", 0, (ONE,))
    with pytest.raises(LogError, match="closed"):
        place.disk.prepare("b", 512)


# Intervals.


def test_with_an_interval_a_write_ends_before_it_is_synced():
    place = Place(interval=10 * MS)
    place.disk.write(1, "a", 0, (ONE,))
    (outcome,) = place.run()
    assert (outcome.kind, outcome.seq, outcome.error) == (WRITTEN, 1, 0)
    assert place.machine.calls["fdatasync"] == 0


@pytest.mark.parametrize("seed", range(20))
def test_the_sync_follows_within_the_interval(seed):
    place = Place(interval=10 * MS, seed=seed)
    ended = []
    for seq in (1, 2, 3):
        place.disk.write(seq, "a", 0, (ONE,))
        ended += place.run()
        place.clock.advance(ns=3 * MS)
    place.clock.advance(ns=place.disk.interval)
    ended += place.run()
    assert [o.seq for o in ended if o.kind == WRITTEN] == [1, 2, 3]
    assert [o.seq for o in ended if o.kind == SYNCED][-1] == 3
    assert not place.disk.is_busy()
    place.machine.power_cut()
    assert place.content() == ONE


def test_an_interval_that_never_ends_syncs_only_at_the_close():
    place = Place(interval=NEVER)
    place.disk.write(1, "a", 0, (ONE,))
    place.run()
    place.clock.advance(seconds=10**6)
    assert not place.disk.step()
    place.disk.close()
    assert place.machine.calls["fdatasync"] == 1


def test_a_file_is_durable_before_anything_is_written_to_the_next():
    place = Place(interval=NEVER)
    place.folder.create("b", 512)
    place.disk.write(1, "a", 0, (ONE,))
    assert [(o.kind, o.seq) for o in place.run()] == [(WRITTEN, 1)]
    place.disk.write(2, "b", 0, (ONE,))
    assert [(o.kind, o.seq) for o in place.run()] == [(SYNCED, 1), (WRITTEN, 2)]
    place.machine.power_cut()
    assert place.content("a") == ONE


def test_after_a_late_sync_has_failed_nothing_is_written():
    place = Place(interval=NEVER)
    place.folder.create("b", 512)
    place.disk.write(1, "a", 0, (ONE,))
    place.run()
    place.machine.fail("fdatasync")
    place.disk.write(2, "b", 0, (ONE,))
    told = [(o.kind, o.seq, o.call) for o in place.run()]
    assert told == [(SYNCED, 1, "fdatasync"), (WRITTEN, 2, "fdatasync")]
    assert place.content("b") == bytes(512)
    place.disk.write(3, "b", 0, (ONE,))
    assert [o.error for o in place.run()] == [errno.EIO]


def test_a_late_sync_that_fails_is_told():
    place = Place(interval=MS)
    place.disk.write(1, "a", 0, (ONE,))
    place.run()
    place.machine.fail("fdatasync")
    place.clock.advance(ns=MS)
    (outcome,) = place.run()
    assert (outcome.kind, outcome.seq) == (SYNCED, 1)
    assert (outcome.error, outcome.call) == (errno.EIO, "fdatasync")


def test_waiting_ends_an_interval():
    place = Place(interval=10 * MS)
    place.disk.write(1, "a", 0, (ONE,))
    place.disk.wait()
    assert [outcome.kind for outcome in place.disk.outcomes()] == [WRITTEN]
    place.disk.wait()
    assert [outcome.kind for outcome in place.disk.outcomes()] == [SYNCED]


def test_the_same_seed_gives_the_same_machine():
    def story(seed: int) -> tuple[bytes, int]:
        place = Place(seed=seed)
        place.disk.write(1, "a", 0, (ONE, TWO))
        place.disk.prepare("b", 4096)
        for _ in range(5):
            place.disk.step()
        place.machine.power_cut()
        return place.content(count=1024), place.machine.lost

    assert [story(seed) for seed in range(30)] == [story(seed) for seed in range(30)]
