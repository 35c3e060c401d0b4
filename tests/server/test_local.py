"""Local sessions: the commands of the queue without a socket."""

from __future__ import annotations

import asyncio

import pytest

from penstock.core.commands import Delete, Note, Put, Set
from penstock.core.job import READY, RESERVED
from penstock.server.answers import SECOND, Found, Refusal, Refused
from tests.server.house import in_a_house, with_a_held_log


@in_a_house
async def test_a_job_is_put_reserved_and_deleted(house):
    local = house.local()
    id = await local.put(b"body")
    assert await local.reserve() == Found(id, b"body")
    assert await local.delete(id)
    assert await local.peek(id) is None
    assert not await local.delete(id)


@in_a_house
async def test_a_reserve_waits_for_a_put_of_another(house):
    worker, producer = house.local(), house.local()
    waiting = asyncio.create_task(worker.reserve())
    await house.settle()
    assert worker.waiting
    id = await producer.put(b"late")
    assert await waiting == Found(id, b"late")


@in_a_house
async def test_a_reserve_gives_up_when_its_time_is_over(house):
    local = house.local()
    assert await local.reserve(timeout=0) is Refusal.TIMED_OUT
    waiting = asyncio.create_task(local.reserve(timeout=2 * SECOND))
    await house.settle()
    await house.advance(1.9)
    assert not waiting.done()
    await house.advance(0.1)
    assert await waiting is Refusal.TIMED_OUT


@in_a_house
async def test_a_reserve_is_told_that_a_deadline_is_near(house):
    local = house.local()
    await local.put(b"", ttr=3 * SECOND)
    await local.reserve()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    await house.advance(2.0)
    assert await waiting is Refusal.DEADLINE_SOON


@in_a_house
async def test_a_waiting_session_takes_other_commands(house):
    local = house.local()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    id = await local.put(b"for myself")
    assert await waiting == Found(id, b"for myself")
    assert await local.touch(id)


@in_a_house
async def test_a_commit_that_serves_its_own_session_keeps_both_answers_apart(house):
    local = house.local()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    assert await local.commit([Put(b"default", b"a"), Put(b"default", b"b")]) == [1, 2]
    assert await waiting == Found(1, b"a")


@in_a_house
async def test_a_waiting_session_does_not_reserve_twice(house):
    local = house.local()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    for command in (local.reserve(), local.watch(b"a"), local.ignore(b"a")):
        with pytest.raises(AssertionError, match="waits for a job"):
            await command
    waiting.cancel()


# Cancelled reserves.


@in_a_house
async def test_a_cancelled_wait_takes_no_job(house):
    local = house.local()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    waiting.cancel()
    await house.settle()
    assert not local.waiting
    id = await local.put(b"still there")
    assert house.engine.index.find(id).state == READY
    assert await local.reserve() == Found(id, b"still there")


@in_a_house
async def test_a_reserve_cancelled_between_answer_and_caller_gives_the_job_back(house):
    worker, producer = house.local(), house.local()
    waiting = asyncio.create_task(worker.reserve())
    await house.settle()
    put = asyncio.create_task(producer.put(b"body"))
    await asyncio.sleep(0)
    assert house.engine.index.count(RESERVED) == 1
    assert not waiting.done()
    waiting.cancel()
    id = await put
    await house.settle()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert house.engine.index.find(id).state == READY


@with_a_held_log
async def test_a_reserve_cancelled_behind_its_barrier_gives_the_job_back(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"body"))
    reserving = asyncio.create_task(local.reserve())
    await house.settle()
    assert house.engine.index.find(1).state == RESERVED
    reserving.cancel()
    await house.settle()
    house.log.release_all()
    assert await putting == 1
    with pytest.raises(asyncio.CancelledError):
        await reserving
    assert house.engine.index.find(1).state == READY


@in_a_house
async def test_a_reserve_cancelled_at_any_step_swallows_no_job(house):
    worker, producer = house.local(), house.local()
    for steps in range(8):
        waiting = asyncio.create_task(worker.reserve())
        await house.settle()
        put = asyncio.create_task(producer.put(b"body"))
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        id = await put
        await house.settle()
        seen = waiting.done() and not waiting.cancelled()
        assert house.engine.index.find(id).state == (RESERVED if seen else READY)
        assert await producer.delete(id) or await worker.delete(id)


@in_a_house
async def test_a_timeout_of_the_caller_is_a_cancelled_reserve(house):
    local = house.local()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(local.reserve(), 0.01)
    id = await local.put(b"body")
    assert (await local.stats_job(id))["state"] == "ready"


@with_a_held_log
async def test_a_cancelled_reserve_of_one_job_gives_it_back(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"body", pri=7))
    reserving = asyncio.create_task(local.reserve_job(1))
    await house.settle()
    reserving.cancel()
    house.log.release_all()
    assert await putting == 1
    with pytest.raises(asyncio.CancelledError):
        await reserving
    job = house.engine.index.find(1)
    assert (job.state, job.pri) == (READY, 7)


# Holding jobs.


@in_a_house
async def test_a_held_job_is_released_buried_and_kicked(house):
    local = house.local()
    id = await local.put(b"body")
    await local.reserve()
    assert await local.release(id, pri=3, delay=5 * SECOND)
    assert await local.peek_delayed() == Found(id, b"body")
    assert await local.kick_job(id)
    assert await local.peek_ready() == Found(id, b"body")
    await local.reserve()
    assert await local.bury(id, pri=9)
    assert await local.peek_buried() == Found(id, b"body")
    assert await local.kick(10) == 1
    assert await local.kick(10) == 0
    assert (await local.stats_job(id))["kicks"] == 2


@in_a_house
async def test_what_nobody_holds_is_not_found(house):
    local = house.local()
    id = await local.put(b"body")
    assert not await local.release(id)
    assert not await local.bury(id)
    assert not await local.touch(id)
    assert not await local.kick_job(id)
    assert await local.reserve_job(99) is None
    assert await local.stats_job(99) is None
    assert await local.peek_buried() is None


@in_a_house
async def test_a_touch_gives_more_time(house):
    local = house.local()
    id = await local.put(b"body", ttr=10 * SECOND)
    await local.reserve_job(id)
    await house.advance(8)
    assert await local.touch(id)
    await house.advance(8)
    assert (await local.stats_job(id))["state"] == "reserved"
    await house.advance(2)
    stats = await local.stats_job(id)
    assert (stats["state"], stats["reason"]) == ("ready", "ttr")


@in_a_house
async def test_closing_hands_back_what_was_held(house):
    local, other = house.local(), house.local()
    id = await local.put(b"body")
    await local.reserve()
    local.close()
    local.close()
    assert (await other.stats_job(id))["reason"] == "closed"
    assert await other.reserve() == Found(id, b"body")


@in_a_house
async def test_closing_ends_a_wait(house):
    local = house.local()
    waiting = asyncio.create_task(local.reserve())
    await house.settle()
    local.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(AssertionError, match="closed"):
        await local.put(b"body")


# Leases.


@in_a_house
async def test_a_lease_is_held_by_every_session_with_its_token(house):
    first, second, stranger = house.local(), house.local(), house.local()
    first.lease = second.lease = b"token"
    id = await first.put(b"body", ttr=10 * SECOND)
    await first.reserve()
    first.close()
    assert not await stranger.delete(id)
    assert not await stranger.touch(id)
    assert await second.touch(id)
    assert await second.release(id)
    await second.reserve()
    assert await second.delete(id)


@in_a_house
async def test_a_lease_ends_with_its_ttr(house):
    local = house.local()
    local.lease = b"token"
    id = await local.put(b"body", ttr=2 * SECOND)
    await local.reserve()
    local.close()
    await house.advance(2)
    other = house.local()
    assert (await other.stats_job(id))["reason"] == "ttr"


@with_a_held_log
async def test_what_a_lease_took_is_told_once_it_is_durable(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"body"))
    await house.settle()
    house.log.release_all()
    id = await putting
    local.lease = b"token"
    reserving = asyncio.create_task(local.reserve())
    await house.settle()
    assert not reserving.done()
    house.log.release_all()
    assert await reserving == Found(id, b"body")


# Tubes.


@in_a_house
async def test_tubes_are_used_watched_and_ignored(house):
    local = house.local()
    await local.use(b"mail")
    id = await local.put(b"letter")
    assert await local.watch(b"mail") == 2
    assert await local.ignore(b"default") == 1
    assert await local.ignore(b"mail") is None
    assert await local.reserve(timeout=0) == Found(id, b"letter")
    assert await local.list_tubes() == [b"default", b"mail"]


@in_a_house
async def test_a_paused_tube_gives_nothing_until_its_time_is_over(house):
    local = house.local()
    id = await local.put(b"body")
    assert not await local.pause(b"unknown", SECOND)
    assert await local.pause(b"default", 5 * SECOND)
    assert await local.reserve(timeout=0) is Refusal.TIMED_OUT
    assert (await local.stats_tube(b"default"))["pause"] == 5
    await house.advance(5)
    assert await local.reserve(timeout=0) == Found(id, b"body")


@in_a_house
async def test_statistics_are_values(house):
    local = house.local()
    id = await local.put(b"body", pri=5)
    job, tube = await local.stats_job(id), await local.stats_tube(b"default")
    server = await local.stats()
    assert (job["id"], job["tube"], job["pri"]) == (id, "default", 5)
    assert (tube["name"], tube["current-jobs-ready"]) == ("default", 1)
    assert (server["total-jobs"], server["max-job-size"]) == (1, 65535)
    assert await local.stats_tube(b"unknown") is None


# Refusals.


@in_a_house
async def test_a_put_that_is_not_taken_is_a_refusal(house):
    local = house.local()
    policy = house.engine.policy
    assert await local.put(b"x" * 65536) is Refusal.TOO_BIG
    policy.most_bytes = 100
    assert await local.put(b"x") is Refusal.OUT_OF_MEMORY
    policy.draining = True
    assert await local.put(b"x") is Refusal.DRAINING


@in_a_house
async def test_numbers_and_names_are_checked_before_the_engine_sees_them(house):
    local = house.local()
    for wrong in (
        local.put(b"", pri=2**32),
        local.put(b"", delay=-1),
        local.put(b"", ttr=2**62),
        local.release(1, pri=-1),
        local.use(b"no name"),
        local.reserve(timeout=-1),
        local.kick(-1),
    ):
        with pytest.raises(ValueError, match=r"allowed is|no tube can be called"):
            await wrong


# Commits, notes and records.


@in_a_house
async def test_a_commit_does_all_or_nothing(house):
    local = house.local()
    id = await local.put(b"old")
    refused = await local.commit([Put(b"default", b"new"), Delete(id), Delete(id)])
    assert refused == Refused("not found", 2)
    assert house.engine.index.jobs.find(id) is not None
    done = await local.commit([Put(b"default", b"new"), Delete(id)])
    assert done == [id + 1, None]


@in_a_house
async def test_notes_come_with_the_job(house):
    local = house.local()
    id = await local.put(b"body")
    assert await local.commit([Note(id, b"progress", b"half")]) == [None]
    assert (await local.peek(id)).notes == {b"progress": b"half"}
    assert (await local.reserve()).notes == {b"progress": b"half"}


@in_a_house
async def test_records_are_set_and_expected(house):
    local = house.local()
    assert await local.record(b"plan", b"key") is None
    assert await local.commit([Set(b"plan", b"key", b"1", expected=None)]) == [None]
    assert await local.record(b"plan", b"key") == b"1"
    again = await local.commit([Set(b"plan", b"key", b"2", expected=None)])
    assert again == Refused("conflict", 0)


# What is durable.


@with_a_held_log
async def test_nothing_is_told_before_it_is_durable(house):
    local, other = house.local(), house.local()
    putting = asyncio.create_task(local.put(b"body"))
    looking = asyncio.create_task(other.peek(1))
    recording = asyncio.create_task(other.record(b"plan", b"key"))
    counting = asyncio.create_task(other.stats_tube(b"default"))
    listing = asyncio.create_task(other.list_tubes())
    await house.settle()
    tasks = (putting, looking, recording, counting, listing)
    assert [task.done() for task in tasks] == [False] * 5
    house.log.release_all()
    assert await putting == 1
    assert await looking == Found(1, b"body")
    assert (await recording, await listing) == (None, [b"default"])
    assert (await counting)["current-jobs-ready"] == 1


@with_a_held_log
async def test_an_answer_about_the_session_keeps_its_place(house):
    local = house.local()
    assert await local.watch(b"early") == 2
    putting = asyncio.create_task(local.put(b"body"))
    watching = asyncio.create_task(local.watch(b"mail"))
    await house.settle()
    assert not watching.done()
    house.log.release_all()
    assert (await putting, await watching) == (1, 3)


@with_a_held_log
async def test_a_log_that_fails_lets_nothing_out(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"body"))
    await house.settle()
    house.log.fail()
    await house.settle()
    assert not putting.done()
    assert len(house.failures) == 1
    local.close()
    with pytest.raises(asyncio.CancelledError):
        await putting


@with_a_held_log
async def test_puts_wait_while_too_much_is_collecting(house):
    local = house.local()
    house.engine.policy.max_job_size = 1 << 24
    first = asyncio.create_task(local.put(b"in flight"))
    await house.settle()
    large = asyncio.create_task(local.put(b"x" * (9 << 20)))
    await house.settle()
    after = asyncio.create_task(local.put(b"after"))
    looking = asyncio.create_task(local.peek(3))
    await house.settle()
    assert house.engine.store.next_id == 3
    house.log.release_all()
    assert (await first, await large) == (1, 2)
    assert await looking is None
    await house.settle()
    assert house.engine.store.next_id == 4
    house.log.release_all()
    assert await after == 3


@in_a_house
async def test_a_reserve_that_could_not_be_asked_leaves_room_for_the_next(house):
    local = house.local()
    with pytest.raises(OverflowError):
        await local.reserve_job(1 << 64)
    id = await local.put(b"body")
    assert await local.reserve_job(id) == Found(id, b"body")
