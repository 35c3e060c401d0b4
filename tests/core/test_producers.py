"""Puts: accepted, refused by a bound, or there already."""

import json

import pytest

from penstock.core import kinds
from penstock.core.commands import Set
from penstock.core.policy import ONCE, stamp
from penstock.core.records import MOST_BYTES
from tests.core.story import SECOND, attribute

KEY = attribute(19, b"\0key")


def put(story, client, body=b"", attributes=b""):
    story.engine.producers.put(client, 0, 0, SECOND, attributes, body)
    return client.heard()


def once(story, client, key=b"key", window=10):
    producers = story.engine.producers
    producers.put_once(client, 0, 0, SECOND, b"", b"body", key, window * SECOND)
    return client.heard()


def ruled(story, client, **rules):
    story.commit(client, Set(b"tube", b"default", json.dumps(rules).encode()))
    story.events()


def test_a_second_job_with_a_key_is_told_the_first(story, client):
    assert put(story, client, b"a", KEY) == [("inserted", 1)]
    story.events()
    assert put(story, client, b"b", KEY) == [("exists", 1)]
    assert story.events() == []
    assert put(story, client, b"b") == [("inserted", 2)]


def test_in_another_tube_a_key_is_another(story, client):
    put(story, client, b"a", KEY)
    assert put(story, story.client(b"other"), b"a", KEY) == [("inserted", 2)]


def test_a_key_of_a_job_that_is_gone_is_free(story, client):
    put(story, client, b"a", KEY)
    story.engine.delete(client, 1)
    client.heard()
    assert put(story, client, b"a", KEY) == [("inserted", 2)]


def test_a_full_tube_still_says_that_a_job_is_there(story, client):
    ruled(story, client, max_jobs=1)
    put(story, client, b"a", KEY)
    assert put(story, client, b"a", KEY) == [("exists", 1)]
    assert put(story, client, b"b") == [("out of memory",)]
    assert story.engine.store.next_id == 3


def test_a_drained_tube_says_so(story, client):
    ruled(story, client, drain=True)
    assert put(story, client) == [("draining",)]
    assert put(story, story.client(b"other")) == [("inserted", 2)]


def test_a_tubes_expiry_is_stamped_on_its_jobs(story, client):
    ruled(story, client, expiry="5s")
    story.advance(2)
    put(story, client, attributes=attribute(16, b"t"))
    (event,) = story.events()
    moment = (7 * SECOND).to_bytes(8, "little")
    assert event.attributes[:2] == [(16, b"t"), (kinds.JOB_EXPIRES, moment)]


def test_an_expiry_of_its_own_comes_first(story, client):
    ruled(story, client, expiry="5s")
    own = attribute(18, (9 * SECOND).to_bytes(8, "little"))
    put(story, client, attributes=own)
    assert story.job(1).extra.expires == 9 * SECOND


def test_without_a_ttr_it_is_the_tubes_or_a_minute(story, client):
    assert story.engine.producers.default_ttr(client) == 60 * SECOND
    ruled(story, client, ttr="90s")
    assert story.engine.producers.default_ttr(client) == 90 * SECOND


# For some time.


def test_within_the_time_the_first_job_is_told_whatever_became_of_it(story, client):
    assert once(story, client) == [("inserted", 1)]
    story.engine.delete(client, 1)
    client.heard()
    story.advance(9)
    assert once(story, client) == [("exists", 1)]
    assert once(story, client, b"other") == [("inserted", 2)]
    story.advance(2)
    assert once(story, client) == [("inserted", 3)]


def test_job_and_key_are_in_one_batch(story, client):
    once(story, client)
    assert story.kinds() == [kinds.PUT, kinds.SET]


def test_a_put_that_is_refused_leaves_no_key(story, client):
    ruled(story, client, drain=True)
    assert once(story, client) == [("draining",)]
    assert story.engine.store.records.find(ONCE, b"default\0key", 0) is None


def test_without_room_for_the_key_the_job_is_refused(story, client):
    filler = Set(ONCE, b"filler", bytes(MOST_BYTES - 500))
    assert story.commit(client, filler)[0][0] == "committed"
    assert once(story, client, b"k" * 200) == [("out of memory",)]
    assert story.job(1) is None


@pytest.mark.parametrize("content", [b"", b"x" * 300])
def test_an_attribute_has_its_form(content):
    assert stamp(22, content) == attribute(22, content)


def test_a_key_for_some_time_and_one_of_a_job_refuse_each_other(story, client):
    put(story, client, b"a", KEY)
    assert once(story, client) == [("exists", 1)]
    assert once(story, client, b"b") == [("inserted", 2)]
    assert put(story, client, b"c", attribute(19, b"\0b")) == [("exists", 2)]


def test_what_a_tube_refuses_tells_of_it_and_waits_as_all_that_does(story, client):
    story.engine.turn.durable = 0
    ruled(story, client, drain=True)
    other = story.client()
    other.sent(other.sendable(0))
    put(story, other)
    assert other.sendable(0) == 0
