"""A start goes on where the log ended, in time, in numbers, and in what is held."""

from __future__ import annotations

import asyncio

from penstock.clock import Clock
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.job import BY_RESTART, READY, RESERVED
from penstock.core.kinds import BOOT
from penstock.server.recovery import LONGEST_DOWNTIME, Recovered, recover
from penstock.testing import HeldLog, ManualClock
from penstock.testing.log_contract import SampleBatch
from tests.server.house import with_a_held_log

SECOND = 1_000_000_000


def restarted(log: HeldLog, clock: Clock) -> tuple[Engine, Recovered]:
    engine = Engine()
    return engine, recover(engine, log, clock, lambda seq: None)


def log_that_ended(*, now: int, wall: int, next_id: int = 1) -> HeldLog:
    """Give a log with one batch, which says only when it was."""
    batch = Batch()
    batch.seal()
    log = HeldLog()
    log.append(SampleBatch(1, batch.payload(), now, wall, next_id))
    log.release()
    return log


@with_a_held_log
async def test_what_connections_held_is_ready_after_a_start(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"a"))
    await house.settle()
    house.log.release_all()
    id = await putting
    await local.reserve()
    house.broker.stop()
    engine, found = restarted(house.log, house.clock)
    house.start()
    job = engine.index.find(id)
    assert job is not None
    assert (job.state, job.reason, job.reserves) == (READY, BY_RESTART, 1)
    assert engine.index.count(RESERVED) == 0
    assert found.jobs == 1


def test_the_first_batch_says_that_the_server_started():
    engine, found = restarted(log_that_ended(now=5, wall=7), ManualClock(wall=9))
    batch = engine.turn.batch
    assert (batch.seq, batch.count, batch.hard) == (2, 1, True)
    assert batch.payload()[0] == BOOT
    assert (found.clean, found.downtime) == (True, 2)


def test_an_id_that_was_used_up_without_a_job_is_not_given_again():
    log = log_that_ended(now=0, wall=0, next_id=500)
    assert restarted(log, ManualClock())[0].store.next_id == 500


def test_time_goes_on_by_as_much_as_the_wall_clock_has():
    log = log_that_ended(now=70 * SECOND, wall=100 * SECOND)
    engine, found = restarted(log, ManualClock(wall=130 * SECOND))
    assert (engine.turn.now, found.downtime) == (100 * SECOND, 30 * SECOND)


def test_time_never_goes_back():
    log = log_that_ended(now=70 * SECOND, wall=100 * SECOND)
    engine, found = restarted(log, ManualClock(wall=40 * SECOND))
    assert (engine.turn.now, found.downtime) == (70 * SECOND, 0)


def test_a_clock_that_is_wrong_by_years_ages_jobs_by_thirty_days():
    log = log_that_ended(now=0, wall=0)
    engine, _found = restarted(log, ManualClock(wall=40 * LONGEST_DOWNTIME))
    assert engine.turn.now == LONGEST_DOWNTIME == 30 * 24 * 3600 * SECOND


def test_what_was_read_is_durable_and_the_next_number_follows():
    engine, _found = restarted(log_that_ended(now=0, wall=0), ManualClock())
    turn = engine.turn
    assert (turn.barrier, turn.durable, turn.batch.seq) == (1, 1, 2)
