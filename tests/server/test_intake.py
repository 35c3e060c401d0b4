"""Filling an empty log: a first start finds the jobs as they were elsewhere."""

from __future__ import annotations

from random import Random

import pytest

from penstock.core.job import BURIED, DELAYED, READY
from penstock.errors import FlagError, LogError
from penstock.log.file.file_log import FileLog
from penstock.server.intake import LARGE, OLDEST, Intake, Job
from penstock.testing import ManualClock, SimDisk, SimFolder, SimMachine
from tests.core.story import SECOND
from tests.server.keeper import SMALL, START, Keeper

DAY = 24 * 3600 * SECOND


@pytest.fixture
def machine():
    return SimMachine(Random(1), ManualClock(wall=START))


def job(id, state=READY, **changed):
    given = {"tube": b"mail", "body": b"body %d" % id, "pri": id, "delay": 0}
    given |= {"ttr": 60 * SECOND, "created": START - DAY}
    return Job(id=id, state=state, **{**given, **changed})


def intake_into(machine, since=START - DAY):
    log = FileLog(SimFolder(machine), SimDisk(machine, 0), SMALL)
    return Intake(log, machine.clock, since), log


def fill(machine, *jobs, since=START - DAY, next_id=1):
    intake, log = intake_into(machine, since)
    for each in jobs:
        intake.add(each)
    intake.finish(next_id)
    log.close()
    machine.power_cut()


def started(machine, seconds=0):
    machine.clock.advance(seconds=seconds)
    keeper = Keeper(machine)
    keeper.clock = machine.clock
    machine.kill()
    keeper.begin()
    return keeper


def test_a_job_is_there_with_all_of_itself(machine):
    counters = (1, 2, 3, 4, 5)
    fill(machine, job(7, pri=9, delay=5 * SECOND, counters=counters))
    keeper = started(machine)
    found = keeper.engine.index.find(7)
    assert found is not None
    assert (found.tube.name, found.body, found.pri) == (b"mail", b"body 7", 9)
    assert (found.delay, found.ttr, found.state) == (5 * SECOND, 60 * SECOND, READY)
    assert keeper.engine.turn.now - found.created == DAY
    counted = (found.reserves, found.timeouts, found.releases, found.buries)
    assert (*counted, found.kicks) == counters


def test_a_delay_goes_on_while_jobs_are_written_and_after(machine):
    fill(machine, job(1, DELAYED, due=START + 100 * SECOND))
    keeper = started(machine, seconds=30)
    found = keeper.engine.index.find(1)
    assert found.state == DELAYED
    assert found.due - keeper.engine.turn.now == 70 * SECOND


def test_what_was_due_is_ready(machine):
    fill(machine, job(1, DELAYED, due=START - 5 * SECOND))
    assert started(machine).engine.index.find(1).state == READY


def test_buried_jobs_stand_in_their_line(machine):
    fill(machine, *(job(id, BURIED, place=4 - id) for id in (1, 2, 3)))
    keeper = started(machine)
    tube = keeper.engine.index.tubes[b"mail"]
    assert keeper.engine.index.top(tube, BURIED).id == 3
    keeper.put(keeper.client())
    assert keeper.engine.store.next_place == 4


def test_ids_begin_behind_the_highest(machine):
    fill(machine, job(7), next_id=12)
    assert started(machine).engine.store.next_id == 12


def test_without_any_job_ids_begin_where_told(machine):
    fill(machine, next_id=12)
    assert started(machine).engine.store.next_id == 12


@pytest.mark.parametrize("created", [START + DAY, 0, -(10**19)])
def test_a_clock_that_was_wrong_makes_no_age_that_is_none(machine, created):
    fill(machine, job(1, created=created), since=created)
    keeper = started(machine)
    age = keeper.engine.turn.now - keeper.engine.index.find(1).created
    assert age == max(0, min(START - created, OLDEST))


def test_the_end_is_one_in_order(machine):
    fill(machine, job(1))
    assert started(machine).found.clean


def test_much_is_written_in_batches(machine):
    fill(machine, *(job(id, body=bytes(LARGE // 3)) for id in range(1, 9)))
    keeper = started(machine)
    assert keeper.found.jobs == 8
    assert keeper.found.batches == 4


# What is refused.


def test_a_log_that_has_had_a_job_is_refused(machine):
    keeper = Keeper(machine)
    client = keeper.client()
    keeper.put(client)
    keeper.engine.delete(client, 1)
    keeper.end()
    machine.kill()
    with pytest.raises(FlagError, match="there have been jobs"):
        intake_into(machine)


def test_a_log_in_which_nothing_was_ever_put_is_taken(machine):
    Keeper(machine).end()
    machine.kill()
    fill(machine, job(7))
    assert started(machine).found.jobs == 1


def test_a_disk_that_fails_is_told(machine):
    intake, _log = intake_into(machine)
    machine.capacity = 10 * SMALL
    large = job(1, body=bytes(2 * LARGE))
    with pytest.raises((LogError, OSError)):
        intake.add(large)
