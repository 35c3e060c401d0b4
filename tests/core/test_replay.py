"""Replay: the events of a story make the state in which the story ended."""

import struct

import pytest

from penstock.core import kinds
from penstock.core.commands import Change, Clear, Free, Hold, Note, Put, Set, Unset
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.job import BURIED, BY_RESTART, DELAYED, HELD, READY, RESERVED
from penstock.core.replay import Replay
from penstock.errors import FormatError, NewerFormat
from tests.core.story import SECOND, Story, attribute, decode


def payload_of(*staged, seq=1):
    batch = Batch()
    batch.clear(seq)
    for stage in staged:
        stage(batch)
    return batch.payload()


BOOT = payload_of(lambda b: b.boot(False, 0, b""))


def replayed(*payloads, now=0):
    """Give the engine that those batches make."""
    engine = Engine()
    replay = Replay(engine.store)
    for payload in payloads:
        replay.apply(payload)
    replay.finish(now, engine.timers)
    return engine


def restarted(story):
    """Give the engine after a restart at the end of the story."""
    return replayed(story.engine.turn.batch.payload(), BOOT, now=story.now)


def image(engine):
    return Images(engine.store).snapshot()


def assert_same_without_sessions(story):
    """The live engine without its connections is the replayed one."""
    payload = story.engine.turn.batch.payload()
    assert image(replayed(payload, now=story.now)) == image(story.engine)


# What survives, kind by kind: the durability table.


def test_a_job_survives_with_all_it_has(story, client):
    tag = attribute(kinds.FIRST_JOB_TAG, b"text/plain")
    story.advance(5)
    id = story.put(client, b"body", pri=7, delay=3, ttr=9, attributes=tag)
    job = restarted(story).index.find(id)
    assert (job.body, job.pri, job.ttr, job.delay) == (
        b"body",
        7,
        9 * SECOND,
        3 * SECOND,
    )
    assert (job.state, job.due, job.created) == (DELAYED, 8 * SECOND, 5 * SECOND)
    assert job.extra.attributes == tag


def test_a_delay_that_is_over_is_over_after_a_restart(story, client):
    id = story.put(client, delay=3)
    payload = story.engine.turn.batch.payload()
    assert replayed(payload, now=3 * SECOND - 1).index.find(id).state == DELAYED
    assert replayed(payload, now=3 * SECOND).index.find(id).state == READY


def test_what_a_connection_held_is_ready_after_a_restart(story, client):
    id = story.put(client)
    story.reserve(client)
    job = restarted(story).index.find(id)
    assert (job.state, job.reason, job.reserves) == (READY, BY_RESTART, 1)


def test_a_lease_survives_with_what_is_left_of_it(story, client):
    client.lease = b"token"
    id = story.put(client, ttr=9)
    story.reserve(client)
    story.advance(4)
    story.engine.touch(client, id)
    engine = restarted(story)
    job = engine.index.find(id)
    assert (job.state, job.holder.token, job.due) == (RESERVED, b"token", 13 * SECOND)
    engine.tick(13 * SECOND)
    assert (job.state, job.timeouts) == (READY, 1)


def test_deleted_stays_deleted(story, client):
    id = story.put(client)
    story.engine.delete(client, id)
    engine = restarted(story)
    assert engine.index.find(id) is None
    assert engine.store.next_id == id + 1


def test_released_buried_and_kicked_survive_with_their_counters(story, client):
    for _ in range(3):
        story.put(client, pri=1)
    for id in (1, 2, 3):
        story.engine.reserve_job(client, id)
    story.engine.release(client, 1, 5, 2 * SECOND)
    story.engine.bury(client, 3, 6)
    story.engine.bury(client, 2, 6)
    engine = restarted(story)
    first = engine.index.find(1)
    assert (first.state, first.pri, first.releases) == (DELAYED, 5, 1)
    tube = engine.index.tubes[b"default"]
    assert engine.index.top(tube, BURIED).id == 3
    assert engine.index.find(2).buries == 1
    story.engine.kick(client, 9)
    engine = restarted(story)
    assert [engine.index.find(id).kicks for id in (1, 2, 3)] == [0, 1, 1]


def test_a_timeout_is_counted_after_a_restart(story, client):
    id = story.put(client, ttr=2)
    story.reserve(client)
    story.advance(2)
    job = restarted(story).index.find(id)
    assert (job.state, job.timeouts, job.reserves) == (READY, 1, 1)


def test_a_pause_survives_while_its_tube_has_jobs(story, client):
    story.engine.pause_tube(client, b"default", 9 * SECOND)
    assert restarted(story).index.tubes[b"default"].pause_until == 9 * SECOND
    other = story.client(b"other")
    story.engine.pause_tube(other, b"other", 9 * SECOND)
    assert b"other" not in restarted(story).index.tubes
    story.put(other)
    assert restarted(story).index.tubes[b"other"].pause == 9 * SECOND


def test_a_pause_that_is_over_is_over_after_a_restart(story, client):
    story.put(client)
    story.engine.pause_tube(client, b"default", 9 * SECOND)
    payload = story.engine.turn.batch.payload()
    assert replayed(payload, now=9 * SECOND).index.tubes[b"default"].pause_until == 0


def test_a_pause_dies_with_its_tube(story):
    other = story.client(b"other")
    story.engine.pause_tube(other, b"other", 9 * SECOND)
    story.engine.close(other)
    story.put(story.client(b"other"))
    assert restarted(story).index.tubes[b"other"].pause_until == 0


def test_a_pause_of_a_tube_that_a_crash_ended_meets_no_later_tube(story):
    story.engine.pause_tube(story.client(b"a"), b"a", 9 * SECOND)
    put = payload_of(lambda b: b.put(1, b"a", 0, 0, 0, 0, SECOND, b"", b""), seq=2)
    before = story.engine.turn.batch.payload()
    assert replayed(before, BOOT, put, BOOT).index.tubes[b"a"].pause_until == 0


def test_use_and_watch_are_forgotten(story):
    story.client(b"a", b"b")
    assert list(restarted(story).index.tubes) == [b"default"]


def test_records_notes_holds_changes_and_policies_survive(story, client):
    id = story.put(client)
    story.commit(client, Note(id, b"result", b"42"), Hold(id, b"waits for 7"))
    story.commit(client, Set(b"plan", b"k", b"v", lifetime=9 * SECOND))
    story.commit(client, Set(b"tube", b"strict", b"policy"))
    engine = restarted(story)
    job = engine.index.find(id)
    assert (job.state, job.extra.hold_reason) == (HELD, b"waits for 7")
    assert job.extra.notes == {b"result": b"42"}
    assert engine.ledger.record(b"plan", b"k") == b"v"
    assert engine.index.tubes[b"strict"].policy == b"policy"
    story.commit(client, Free(id), Change(id, tube=b"moved", pri=9))
    story.commit(client, Unset(b"plan", b"k"))
    engine = restarted(story)
    job = engine.index.find(id)
    assert (job.state, job.tube.name, job.pri) == (READY, b"moved", 9)
    assert engine.ledger.record(b"plan", b"k") is None


def test_the_next_id_is_never_reused_even_if_its_job_is_gone(story, client):
    for _ in range(3):
        story.engine.delete(client, story.put(client))
    assert restarted(story).store.next_id == 4


# Clears.


def test_a_clear_takes_what_it_took(story, client):
    story.put(client)
    story.put(client, delay=9)
    story.commit(client, Clear(b"default", (READY,)))
    story.put(client)
    assert_same_without_sessions(story)
    engine = restarted(story)
    assert [engine.index.find(id) is None for id in (1, 2, 3)] == [True, False, False]


def test_a_clear_of_ready_jobs_takes_those_whose_delay_was_over(story, client):
    id = story.put(client, delay=1)
    story.advance(1)
    story.commit(client, Clear(b"default", (READY,)))
    assert story.job(id) is None
    assert restarted(story).index.find(id) is None


def test_a_clear_of_delayed_jobs_spares_those_whose_delay_was_over(story, client):
    id = story.put(client, delay=1)
    story.advance(1)
    story.commit(client, Clear(b"default", (DELAYED,)))
    assert story.state(id) == READY
    assert restarted(story).index.find(id) is not None


# A whole story, and images.


def long_story():
    story = Story()
    client = story.client()
    leased = story.client()
    leased.lease = b"token"
    other = story.client(b"other")
    for n in range(30):
        story.put(client if n % 3 else other, b"%d" % n, pri=n % 4, delay=n % 2 * n)
    for n in range(1, 30, 4):
        story.engine.reserve_job(leased, n)
    story.engine.bury(leased, 5, 1)
    story.engine.bury(leased, 1, 1)
    story.engine.release(leased, 9, 3, 40 * SECOND)
    story.engine.delete(leased, 13)
    story.commit(client, Hold(2, b"x"), Note(3, b"n", b"v"), Note(3, b"a", b"w"))
    story.commit(client, Put(b"third", b"z", attributes=attribute(20, b"q")))
    story.commit(client, Set(b"plan", b"a", b"1"), Set(b"plan", b"b", b"2"))
    story.engine.pause_tube(client, b"other", 99 * SECOND)
    story.advance(6)
    return story


def test_the_replayed_engine_has_the_image_of_the_live_one():
    assert_same_without_sessions(long_story())


def test_an_image_makes_the_engine_that_it_was_taken_of():
    story = long_story()
    snapshot = image(story.engine)
    again = replayed(snapshot, now=story.now)
    assert image(again) == snapshot
    assert again.store.next_place == story.engine.store.next_place


def test_replaying_an_image_of_what_is_there_changes_nothing():
    story = long_story()
    snapshot = image(story.engine)
    assert image(replayed(snapshot, snapshot, now=story.now)) == snapshot


def test_an_image_names_every_field_of_a_job():
    story = long_story()
    job = story.job(3)
    event = next(
        e
        for e in decode(image(story.engine))
        if e.kind == kinds.JOB_IMAGE and e["id"] == 3
    )
    assert event["tube"] == job.tube.name
    assert (event["state"], event["pri"]) == (job.state, job.pri)
    notes = [value for tag, value in event.attributes if tag == kinds.TAG_NOTE]
    assert notes == [b"\x01aw", b"\x01nv"]
    assert event.attributes[-1] == (kinds.TAG_BODY, job.body)


def test_a_replayed_engine_goes_on():
    story = long_story()
    engine = restarted(story)
    before = engine.store.next_id
    again = Story()
    again.engine = engine
    engine.turn.durable = 2**64 - 1
    client = again.client()
    assert again.put(client) == before
    assert again.reserve(client)[0][0] == "reserved"


# What a later release wrote.


def event(kind, content=b""):
    return struct.pack("<BI", kind, len(content)) + content


def test_an_unknown_kind_below_128_is_a_newer_format():
    with pytest.raises(NewerFormat, match="event 99"):
        replayed(event(99))


def test_an_unknown_kind_from_128_up_is_skipped():
    engine = replayed(event(200, b"anything"), payload_of(lambda b: put(b, 1)))
    assert engine.index.find(1) is not None


def put(batch, id, attributes=b""):
    batch.put(id, b"default", 0, 0, 0, 0, SECOND, attributes, b"")


def test_an_unknown_tag_below_128_is_a_newer_format():
    with pytest.raises(NewerFormat, match="attribute 99"):
        replayed(payload_of(lambda b: put(b, 1, attribute(99, b""))))


def test_an_unknown_tag_from_128_up_is_kept_in_images():
    tag = attribute(200, b"of the future")
    engine = replayed(payload_of(lambda b: put(b, 1, tag)))
    assert engine.index.find(1).extra.attributes == tag
    assert tag in image(engine)


@pytest.mark.parametrize("cut", range(1, 60))
def test_an_event_that_is_cut_is_no_event(cut):
    payload = payload_of(lambda b: put(b, 1, attribute(16, b"x" * 10)))
    with pytest.raises(FormatError):
        replayed(payload[:cut])


def test_an_event_about_a_job_that_is_gone_is_passed_over():
    engine = replayed(
        payload_of(
            lambda b: b.delete(1, 1),
            lambda b: b.reserve(1, 5, None),
            lambda b: b.touch(1, 5, None),
            lambda b: b.give_back(1, 2, False),
            lambda b: b.release(1, 0, 0, 0),
            lambda b: b.bury(1, 0, 1, 1),
            lambda b: b.kick([1]),
            lambda b: b.hold(1, b""),
            lambda b: b.free(1, 0),
            lambda b: b.change(1, 15, b"default", 0, 0, b""),
            lambda b: b.note(1, b"n", b"v", True),
            lambda b: b.seal(),
        )
    )
    assert len(engine.index.jobs) == 0
    assert image(engine) == b""
