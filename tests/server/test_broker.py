"""The broker: one batch a turn, and nothing told before it is durable."""

from __future__ import annotations

import asyncio

import pytest

from penstock.core.job import READY, RESERVED
from penstock.core.kinds import PUT, RESERVE, RETURN, SEAL
from penstock.server.answers import SECOND
from tests.server.house import in_a_house, with_a_held_log

PUT_ONE = b"put 0 0 60 1\r\na\r\n"


def kinds_in(log):
    """List the kinds of the events in flight."""
    assert log.flying is not None
    return kinds_of(log.flying.payload)


def kinds_of(payload):
    """List the kinds of a batch's events."""
    found, at = [], 0
    while at < len(payload):
        found.append(payload[at])
        at += 5 + int.from_bytes(payload[at + 1 : at + 5], "little")
    return found


async def durable_job(house):
    """Leave one ready job behind, with nothing pending."""
    local = house.local()
    putting = asyncio.create_task(local.put(b"a"))
    await house.settle()
    house.log.release_all()
    id = await putting
    local.close()
    await house.settle()
    house.log.release_all()
    return id


# Barriers.


@with_a_held_log
async def test_inserted_does_not_leave_before_its_batch_is_durable(house):
    client = await house.connect(house.listen())
    client.say(PUT_ONE)
    await house.settle()
    assert house.log.flying is not None
    assert client.hear_nothing()
    house.log.release()
    await client.hears(b"INSERTED 1\r\n")


@with_a_held_log
async def test_nobody_sees_a_job_that_could_still_vanish(house):
    listening = house.listen()
    producer, onlooker = [await house.connect(listening) for _ in range(2)]
    producer.say(PUT_ONE)
    await house.settle()
    for command in (
        b"peek 1",
        b"peek 99",
        b"peek-ready",
        b"stats-job 1",
        b"stats-tube default",
        b"stats",
        b"list-tubes",
        b"delete 99",
        b"kick 5",
        b"touch 1",
    ):
        onlooker.say(command + b"\r\n")
        await house.settle()
        assert onlooker.hear_nothing(), command
    house.log.release_all()
    await onlooker.hears(b"FOUND 1 1\r\na\r\nNOT_FOUND\r\nFOUND 1 1\r\na\r\nOK ")


@with_a_held_log
async def test_reserved_waits_for_the_put_of_its_job(house):
    listening = house.listen()
    worker, producer = [await house.connect(listening) for _ in range(2)]
    worker.say(b"reserve\r\n")
    await house.settle()
    producer.say(PUT_ONE)
    await house.settle()
    assert house.engine.index.count(RESERVED) == 1
    assert worker.hear_nothing()
    house.log.release_all()
    await worker.hears(b"RESERVED 1 1\r\na\r\n")


@with_a_held_log
async def test_a_reserve_of_an_old_job_waits_for_nothing_of_its_own(house):
    await durable_job(house)
    worker = await house.connect(house.listen())
    worker.say(b"reserve\r\n")
    await worker.hears(b"RESERVED 1 1\r\na\r\n")
    assert house.log.flying is None


@with_a_held_log
async def test_replies_about_the_connection_leave_at_once_when_nothing_is_pending(
    house,
):
    client = await house.connect(house.listen())
    client.say(b"use a\r\nwatch b\r\nnonsense\r\nreserve-with-timeout 0\r\n")
    await client.hears(b"USING a\r\nWATCHING 2\r\nUNKNOWN_COMMAND\r\nTIMED_OUT\r\n")
    assert house.log.flying is None


@with_a_held_log
async def test_replies_about_the_connection_keep_their_place(house):
    client = await house.connect(house.listen())
    client.say(b"use a\r\n" + PUT_ONE + b"use b\r\nput x\r\n")
    await client.hears(b"USING a\r\n")
    await house.settle()
    assert client.hear_nothing()
    house.log.release_all()
    await client.hears(b"INSERTED 1\r\nUSING b\r\nBAD_FORMAT\r\n")


@with_a_held_log
async def test_another_connection_with_nothing_to_show_does_not_wait(house):
    listening = house.listen()
    producer, other = [await house.connect(listening) for _ in range(2)]
    producer.say(PUT_ONE)
    await house.settle()
    other.say(b"use elsewhere\r\n")
    await other.hears(b"USING elsewhere\r\n")
    assert producer.hear_nothing()


@with_a_held_log
async def test_replies_of_the_batch_in_flight_leave_before_those_that_collect(house):
    client = await house.connect(house.listen())
    client.say(PUT_ONE)
    await house.settle()
    client.say(PUT_ONE + b"use a\r\n")
    await house.settle()
    house.log.release()
    await client.hears(b"INSERTED 1\r\n")
    await house.settle()
    assert client.hear_nothing()
    assert house.log.flying is not None
    house.log.release()
    await client.hears(b"INSERTED 2\r\nUSING a\r\n")


@with_a_held_log
async def test_what_is_said_long_after_a_put_waits_for_that_batch_only(house):
    listening = house.listen()
    producer, onlooker = [await house.connect(listening) for _ in range(2)]
    producer.say(PUT_ONE)
    await house.settle()
    onlooker.say(b"peek 1\r\n")
    await house.settle()
    producer.say(PUT_ONE)
    await house.settle()
    assert onlooker.hear_nothing()
    house.log.release()
    await onlooker.hears(b"FOUND 1 1\r\na\r\n")
    house.log.release_all()


@with_a_held_log
async def test_a_failed_log_releases_nothing(house):
    listening = house.listen()
    client, other = [await house.connect(listening) for _ in range(2)]
    client.say(PUT_ONE)
    await house.settle()
    other.say(PUT_ONE)
    await house.settle()
    error = OSError("gone")
    house.log.fail(error)
    await house.settle()
    assert house.failures == [error]
    assert client.hear_nothing()
    assert other.hear_nothing()


# Batches.


@with_a_held_log
async def test_what_arrives_in_one_turn_is_one_batch(house):
    listening = house.listen()
    clients = [await house.connect(listening) for _ in range(5)]
    await house.settle()
    for client in clients:
        client.say(PUT_ONE)
    locals_ = [asyncio.create_task(house.local().put(b"a")) for _ in range(3)]
    await house.settle()
    assert house.log.flying.count <= 8
    house.log.release_all()
    await asyncio.gather(*locals_)
    stored = list(house.log.read(1))
    assert len(stored) <= 2
    assert sum(batch.count for batch in stored) == 8


@with_a_held_log
async def test_one_batch_is_in_flight_while_the_next_one_collects(house):
    client = await house.connect(house.listen())
    for _ in range(5):
        client.say(PUT_ONE)
        await house.settle()
    assert house.log.flying.count == 1
    house.log.release()
    assert house.log.flying.count == 4
    house.log.release()
    assert house.log.flying is None


@with_a_held_log
async def test_a_batch_notes_time_and_the_next_id(house):
    client = await house.connect(house.listen())
    house.clock.advance(seconds=7)
    client.say(PUT_ONE)
    await house.settle()
    flying = house.log.flying
    assert (flying.now, flying.wall) == (7 * SECOND, house.clock.wall())
    assert flying.next_id == 2
    house.log.release_all()


@with_a_held_log
async def test_a_soft_event_rides_with_the_next_hard_one(house):
    await durable_job(house)
    before = len(list(house.log.read(1)))
    client = await house.connect(house.listen())
    client.say(b"reserve\r\n" + PUT_ONE)
    await client.hears(b"RESERVED 1 1\r\na\r\n")
    await house.settle()
    assert kinds_in(house.log) == [RESERVE, PUT]
    house.log.release_all()
    assert len(list(house.log.read(1))) == before + 1


@with_a_held_log
async def test_a_soft_event_alone_is_sealed_soon(house):
    await durable_job(house)
    client = await house.connect(house.listen())
    client.say(b"reserve\r\n")
    await client.hears(b"RESERVED 1 1\r\na\r\n")
    assert house.log.flying is None
    await house.until(lambda: house.log.flying is not None)
    assert kinds_in(house.log) == [RESERVE]
    house.log.release_all()


@with_a_held_log
async def test_a_soft_event_is_sealed_even_when_its_time_came_during_a_commit(house):
    await durable_job(house)
    listening = house.listen()
    client, producer = [await house.connect(listening) for _ in range(2)]
    producer.say(PUT_ONE)
    await house.settle()
    client.say(b"reserve\r\n")
    await house.settle()
    await asyncio.sleep(0.05)  # the seal's time comes and goes
    house.log.release()
    await house.until(lambda: house.log.flying is not None)
    assert kinds_in(house.log) == [RESERVE]
    house.log.release_all()


@in_a_house
async def test_with_an_instant_log_nothing_waits(house):
    client = await house.connect(house.listen())
    client.say(PUT_ONE + b"reserve\r\ndelete 1\r\n")
    await client.hears(b"INSERTED 1\r\nRESERVED 1 1\r\na\r\nDELETED\r\n")


@with_a_held_log
async def test_producers_are_not_read_while_too_much_collects_and_go_on_by_themselves(
    house,
):
    house.engine.policy.max_job_size = 1 << 24
    listening = house.listen()
    producer, worker = [await house.connect(listening) for _ in range(2)]
    producer.say(PUT_ONE)
    await house.settle()
    large = house.local()
    putting = asyncio.create_task(large.put(b"x" * (9 << 20)))
    await house.settle()
    producer.say(PUT_ONE + PUT_ONE)
    await house.settle()
    assert house.engine.store.next_id == 3
    worker.say(b"use a\r\n")
    await worker.hears(b"USING a\r\n")
    house.log.release_all()
    await putting
    await house.until(lambda: house.engine.store.next_id == 5)
    house.log.release_all()
    await producer.hears(b"INSERTED 1\r\nINSERTED 3\r\nINSERTED 4\r\n")


@with_a_held_log
async def test_producers_go_on_while_what_was_too_much_is_in_flight(house):
    house.engine.policy.max_job_size = 1 << 24
    producer = await house.connect(house.listen())
    producer.say(PUT_ONE)
    await house.settle()
    large = house.local()
    putting = asyncio.create_task(large.put(b"x" * (9 << 20)))
    await house.settle()
    producer.say(PUT_ONE)
    await house.settle()
    assert house.engine.store.next_id == 3
    house.log.release()
    await house.until(lambda: house.engine.store.next_id == 4)
    assert house.log.flying is not None
    house.log.release_all()
    await putting


# Time.


@in_a_house
async def test_engine_time_advances_with_the_clock_and_never_goes_back(house):
    house.broker.advance()
    start = house.engine.turn.now
    house.clock.advance(seconds=3)
    house.broker.advance()
    assert house.engine.turn.now == start + 3 * SECOND
    house.clock.set_wall(0)
    house.broker.advance()
    assert house.engine.turn.now == start + 3 * SECOND


@with_a_held_log
async def test_a_wall_clock_that_is_set_is_told_to_the_log(house):
    """A start takes what the wall clock says for the time that nobody served."""
    for step in (-7200, 2, 365 * 86400):
        house.broker._on_timer()
        assert house.log.flying is None, "nothing was set"
        house.clock.set_wall(house.clock.wall() + step * SECOND)
        house.broker._on_timer()
        flying = house.log.flying
        assert flying is not None
        assert (flying.wall, flying.count) == (house.clock.wall(), 0)
        assert flying.now == house.engine.turn.now
        house.log.release_all()


@with_a_held_log
async def test_time_stands_still_while_a_commit_is_outstanding_for_a_second(house):
    worker = house.local()
    putting = asyncio.create_task(worker.put(b"a", ttr=5 * SECOND))
    await house.settle()
    house.log.release_all()
    await putting
    await worker.reserve()
    blocked = asyncio.create_task(worker.put(b"b"))
    await house.settle()
    started = house.log.flying.now
    await house.advance(60)
    assert house.engine.turn.now == started + SECOND
    assert house.broker.standstills == 1
    assert house.engine.index.find(1).state == RESERVED
    house.log.release_all()
    await blocked
    await house.advance(0)
    assert house.engine.turn.now == started + 60 * SECOND
    assert house.engine.index.find(1).state == READY


@with_a_held_log
async def test_a_timer_wakes_the_broker_when_something_is_due(house):
    """The loop's own time passes here: a ttr runs out with nobody connected."""
    local = house.local()
    putting = asyncio.create_task(local.put(b"a", ttr=1))
    await house.settle()
    house.log.release_all()
    await putting
    await local.reserve()
    house.clock.advance(ns=1)
    await house.until(lambda: house.engine.index.count(READY) == 1)
    await house.until(lambda: house.log.flying is not None)
    assert kinds_in(house.log) == [RESERVE, RETURN]
    house.log.release_all()


@with_a_held_log
async def test_stopping_hands_what_was_staged_to_the_log(house):
    await durable_job(house)
    local = house.local()
    await local.reserve()
    assert house.log.flying is None
    house.broker.stop()
    batches = list(house.log.read(1))
    assert [kinds_of(each.payload) for each in batches[-2:]] == [[RESERVE], [SEAL]]
    assert (house.log.flying, house.log.seals) == (None, 1)
    house.broker.start(house.reactor)


@pytest.mark.slow
@with_a_held_log
async def test_a_stalled_disk_makes_nobody_spin(house):
    """Something is due just behind the moment at which time stands still."""
    local = house.local()
    putting = asyncio.create_task(local.put(b"b", delay=SECOND + 1))
    await house.settle()
    await house.advance(60)
    await asyncio.sleep(1.02)  # until the broker's timer, in the loop's own time
    before = house.reactor.callbacks
    await asyncio.sleep(0.1)
    assert house.reactor.callbacks - before < 20
    house.log.release_all()
    await putting
