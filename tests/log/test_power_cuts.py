"""Power cuts at every moment: nothing that was told is lost, and nothing else is there.

Whole servers live in `sim_lives`, at random; here a log of its own is cut down at every
one of its system calls, and again at every one of its recovery.
"""

from collections import Counter
from random import Random

import pytest

from penstock.errors import LogCorrupt
from penstock.log.file.file_log import FileLog
from penstock.testing import ManualClock, ProcessEnded, SimDisk, SimFolder, SimMachine
from penstock.testing.log_contract import is_same, sample
from penstock.testing.simulation import NAME, Planted, run, simulate
from penstock.testing.world import kept_seeds
from tests.testing.test_world import SEEDS

CUTS = 5_000
SEGMENT = 4096  # bytes: two batches of the story
SIZE = 1_000
LAST = 9


# Whole servers.


def test_seeds_that_failed_before_are_good_now():
    assert run(kept_seeds(SEEDS, NAME), Planted()).failures == []


@pytest.mark.slow
def test_five_thousand_power_cuts_break_no_promise():
    tally = simulate(CUTS, start=1, jobs=2, kept=[], planted=Planted())
    assert tally.failures == []
    assert tally.cuts >= CUTS
    least = {
        "kills": 2_000,
        "stops": 500,
        "recoveries interrupted": 1_000,
        "sectors forgotten": 8_000,
        "torn": 350,
        "rolls": 800,
        "compactions": 150,
        "trims": 250,
        "faults": 60,
        "failures": 10,
        "refused": 5,
    }
    assert {
        name: tally.counts[name] for name in least if tally.counts[name] < least[name]
    } == {}


@pytest.mark.slow
@pytest.mark.parametrize("planted", [Planted(lies=0.02), Planted(forgets=0.3)])
def test_a_drive_that_lies_is_found_out(planted):
    """One sync in fifty is enough."""
    tally = simulate(CUTS, start=1, jobs=1, kept=[], planted=planted)
    assert len(tally.failures) >= 10
    assert tally.counts["syncs skipped"] > 10
    assert tally.cuts < CUTS


# One log, everywhere.


class Told:
    """What a log has told, over all its processes."""

    def __init__(self) -> None:
        self.durable = 0
        self.trimmed = 0

    def is_durable(self, seq: int) -> None:
        self.durable = max(self.durable, seq)


def open_log(machine: SimMachine, told: Told) -> tuple[FileLog, list[int]]:
    """Open a log as a process does, and check what it finds."""
    log = FileLog(SimFolder(machine), SimDisk(machine, 0), SEGMENT)
    log.start(told.is_durable, _fail)
    found: list[int] = []
    for _ in range(2):  # recovering twice gives the same
        stored = list(log.read(1))
        assert all(is_same(one, sample(one.seq, SIZE)) for one in stored)
        assert not found or found == [one.seq for one in stored]
        found = [one.seq for one in stored]
    first = found[0] if found else 1
    assert found == list(range(first, first + len(found)))
    assert first <= told.trimmed + 1
    assert len(found) == 0 or found[-1] >= told.durable
    assert found or told.durable == 0
    told.is_durable(found[-1] if found else 0)
    return log, found


def _fail(error: Exception) -> None:
    raise error


def story(machine: SimMachine, told: Told) -> None:
    """Write, roll over, trim, seal and end: whatever a log does in its life."""
    log, found = open_log(machine, told)
    disk = log.disk
    assert isinstance(disk, SimDisk)
    for seq in range(found[-1] + 1 if found else 1, LAST + 1):
        log.append(sample(seq, SIZE))
        log.finish()
        if seq == 5:
            told.trimmed = 4
            log.trim(4)
        while disk.step():
            log.settle()
    log.seal()
    log.close()


def new_machine(seed: int) -> SimMachine:
    return SimMachine(Random(seed), ManualClock())


def calls_of(act) -> int:
    """Count the system calls of something that a process does on a machine."""
    machine = new_machine(1)
    act(machine, Told())
    return sum(machine.calls.values())


def begin_again(machine: SimMachine, told: Told) -> None:
    """Recover, and write one batch more, as a server that starts does."""
    log, found = open_log(machine, told)
    log.append(sample(found[-1] + 1 if found else 1, SIZE))
    log.finish()


END = [SimMachine.power_cut, SimMachine.kill]


@pytest.mark.slow
@pytest.mark.parametrize("end", END)
def test_a_log_may_end_within_any_system_call(end):
    """Every call of a life from an empty folder on, and 16 ways for each to end."""
    calls = calls_of(story)
    assert calls > 80
    for call in range(calls):
        for seed in range(16):
            machine, told = new_machine(seed), Told()
            machine.end_process_after(call)
            with pytest.raises(ProcessEnded):
                story(machine, told)
            end(machine)
            story(machine, told)
            assert told.durable == LAST


@pytest.mark.slow
def test_a_recovery_may_end_within_any_system_call_and_the_next_one_too():
    interrupted: Counter[str] = Counter()
    for call in range(0, calls_of(story), 3):
        machine, told = new_machine(call), Told()
        machine.end_process_after(call)
        with pytest.raises(ProcessEnded):
            story(machine, told)
        machine.power_cut()
        for later in range(200):
            machine.end_process_after(later)
            try:
                begin_again(machine, told)
            except ProcessEnded:
                interrupted["recoveries"] += 1
                END[later % 3 == 2](machine)
            else:
                machine.kill()
                break
        story(machine, told)
    assert interrupted["recoveries"] > 700


def test_what_was_durable_and_is_gone_is_not_passed_over():
    """The same check that finds nothing above finds a drive that forgets."""
    found = 0
    for seed in range(200):
        machine, told = new_machine(seed), Told()
        machine.lies = 0.5
        story(machine, told)
        machine.power_cut()
        try:
            open_log(machine, told)
        except (AssertionError, LogCorrupt):
            found += 1
    assert found > 50
