"""Jobs that are given out no more: expired, or back too often."""

import json

import pytest

from penstock.core import kinds
from penstock.core.commands import Clear, Hold, Set
from penstock.core.job import BURIED, BY_EXPIRY, BY_POLICY, RESERVED
from penstock.core.retirement import CAME_FROM
from tests.core.story import NEVER, SECOND, attribute


def limit(count, tube=b""):
    return attribute(22, count.to_bytes(4, "little") + tube)


def expires(seconds):
    return attribute(18, (seconds * SECOND).to_bytes(8, "little"))


def ruled(story, client, **rules):
    story.commit(client, Set(b"tube", b"default", json.dumps(rules).encode()))


def by_release(story, client):
    story.engine.release(client, 1, 5, 0)


def by_delay(story, client):
    story.engine.release(client, 1, 5, 9 * SECOND)


def by_ttr(story, client):
    story.advance(61)


def by_close(story, client):
    story.engine.close(client)


WAYS = [by_release, by_delay, by_ttr, by_close]


def worn_out(story, way, times):
    """Let a job be reserved that often, each time by somebody else."""
    for _ in range(times):
        worker = story.client()
        assert story.reserve(worker, 0)[0][0] == "reserved"
        way(story, worker)
        if way is by_delay and story.job(1).state != BURIED:
            story.advance(10)


@pytest.mark.parametrize("way", WAYS)
def test_a_job_that_was_reserved_often_enough_is_buried(story, client, way):
    story.put(client, attributes=limit(2))
    worn_out(story, way, 1)
    assert story.state(1) != BURIED
    worn_out(story, way, 1)
    assert story.state(1) == BURIED
    assert story.job(1).reason == BY_POLICY


@pytest.mark.parametrize("way", WAYS)
def test_or_goes_where_somebody_looks_at_such_jobs(story, client, way):
    story.put(client, attributes=limit(1, b"dead"), pri=7)
    worn_out(story, way, 1)
    job = story.job(1)
    assert (job.tube.name, job.reserves) == (b"dead", 1)
    assert job.extra.notes == {CAME_FROM: b"default"}
    story.advance(0)
    watcher = story.client(b"dead")
    assert story.reserve(watcher, 0) == [("reserved", 1, b"")]


def test_who_waits_there_gets_it(story, client):
    watcher = story.client(b"dead")
    story.reserve(watcher, NEVER)
    story.put(client, attributes=limit(1, b"dead"))
    story.reserve(client)
    by_release(story, client)
    story.advance(0)
    assert watcher.heard() == [("reserved", 1, b"")]


def test_the_tubes_limit_holds_for_jobs_without_one(story, client):
    ruled(story, client, max_reserves=1, dead_letter="dead")
    story.put(client)
    worn_out(story, by_release, 1)
    assert story.job(1).tube.name == b"dead"


def test_a_jobs_own_limit_comes_first(story, client):
    ruled(story, client, max_reserves=1, dead_letter="dead")
    story.put(client, attributes=limit(2))
    worn_out(story, by_release, 1)
    assert story.job(1).tube.name == b"default"
    worn_out(story, by_release, 1)
    assert story.state(1) == BURIED


def test_in_the_dead_letter_tube_itself_a_job_is_buried(story, client):
    ruled(story, client, max_reserves=1, dead_letter="default")
    story.put(client)
    worn_out(story, by_release, 1)
    assert story.state(1) == BURIED


def test_what_is_deleted_or_buried_by_its_worker_is_left_alone(story, client):
    story.put(client, attributes=limit(1, b"dead"))
    story.reserve(client)
    story.events()
    story.engine.bury(client, 1, 0)
    assert story.kinds() == [kinds.BURY]


def test_a_tube_that_nothing_refers_to_any_more_goes(story):
    producer = story.client(b"mail")
    story.put(producer, attributes=limit(1, b"dead"))
    story.reserve(producer)
    by_release(story, producer)
    story.engine.close(producer)
    story.advance(0)
    assert b"mail" not in story.engine.index.tubes


# Expiry.


def test_a_job_goes_when_it_expires_and_everybody_can_read_why(story, client):
    story.put(client, attributes=expires(5))
    story.advance(4)
    assert story.state(1)
    story.events()
    story.advance(1)
    (event,) = story.events()
    assert (event.kind, event["reason"]) == (kinds.DELETE, BY_EXPIRY)
    assert story.state(1) == 0


def test_it_is_the_next_moment(story, client):
    story.put(client, attributes=expires(5))
    assert story.engine.next_moment() == 5 * SECOND


@pytest.mark.parametrize("state", ["delayed", "buried", "held"])
def test_it_goes_from_any_state_in_which_nobody_has_it(story, client, state):
    story.put(client, attributes=expires(5), delay=100 if state == "delayed" else 0)
    if state == "buried":
        story.reserve(client)
        story.engine.bury(client, 1, 0)
    elif state == "held":
        story.commit(client, Hold(1))
    story.advance(5)
    assert story.state(1) == 0


@pytest.mark.parametrize("way", WAYS)
def test_what_somebody_holds_expires_when_it_comes_back(story, client, way):
    story.put(client, attributes=expires(5))
    worker = story.client()
    story.reserve(worker)
    story.advance(6)
    assert story.state(1) == RESERVED
    way(story, worker)
    assert story.state(1) == 0


def test_what_was_cleared_does_not_expire_as_well(story, client):
    for _ in range(5000):
        story.put(client, attributes=expires(5))
    story.commit(client, Clear(b"default"))
    story.events()
    story.advance(6)
    assert story.kinds() == []


def test_many_that_expire_together_go_in_slices(story, client):
    for _ in range(3000):
        story.put(client, attributes=expires(5))
    story.advance(5)
    assert 0 < len(story.engine.index.jobs) < 3000
    story.advance(0)
    assert len(story.engine.index.jobs) == 0


def test_what_expired_in_the_hands_of_who_buries_it_is_gone(story, client):
    story.put(client, attributes=expires(5))
    story.reserve(client)
    story.advance(6)
    client.heard()
    story.engine.bury(client, 1, 0)
    assert client.heard() == [("buried",)]
    assert story.state(1) == 0


def test_a_tube_that_came_back_under_its_old_name_is_left_alone(story):
    """A job left it for the dead letters, it went, and somebody used it anew."""
    worker = story.client(b"mail")
    story.put(worker, attributes=limit(1, b"dead"))
    story.reserve(worker)
    by_release(story, worker)
    story.engine.close(worker)
    other = story.client(b"mail")
    story.put(other)
    story.engine.pause_tube(other, b"mail", 9 * SECOND)
    story.advance(0)
    assert story.tube(b"mail").pause_until
    assert story.state(2)


def test_in_the_dead_letter_tube_a_job_has_no_dedup_key(story, client):
    keyed = attribute(19, b"\0key") + limit(1, b"dead") + attribute(16, b"type")
    story.put(client, attributes=keyed)
    worn_out(story, by_release, 1)
    claims = story.engine.index.claims
    assert (claims.holder(b"default", b"key"), claims.holder(b"dead", b"key")) == (0, 0)
    assert story.job(1).extra.attributes == limit(1, b"dead") + attribute(16, b"type")
