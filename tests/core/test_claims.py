"""Keys that no other job of a tube may have, and expiries."""

from penstock.core.claims import SLACK
from penstock.core.commands import Change, Clear, Put
from tests.core.story import SECOND, attribute

GONE = attribute(19, b"\0key")
RESERVED = attribute(19, b"\1key")


def holder(story, tube=b"default"):
    return story.engine.index.claims.holder(tube, b"key")


def expires(seconds):
    return attribute(18, (seconds * SECOND).to_bytes(8, "little"))


def test_a_key_is_its_jobs_until_that_is_gone(story, client):
    assert holder(story) == 0
    story.put(client, attributes=GONE)
    story.reserve(client)
    assert holder(story) == 1
    story.engine.release(client, 1, 0, 0)
    assert holder(story) == 1
    story.engine.delete(client, 1)
    assert holder(story) == 0


def test_a_key_until_reserved_is_free_then_and_stays_free(story, client):
    story.put(client, attributes=RESERVED)
    assert holder(story) == 1
    story.reserve(client)
    assert holder(story) == 0
    story.engine.release(client, 1, 0, 0)
    assert holder(story) == 0


def test_a_key_that_another_has_by_now_is_that_ones(story, client):
    story.put(client, attributes=RESERVED)
    story.reserve(client)
    story.put(client, attributes=GONE)
    story.engine.delete(client, 1)
    assert holder(story) == 2


def test_a_key_is_one_of_its_tube(story, client):
    story.put(client, attributes=GONE)
    assert holder(story, b"other") == 0
    story.commit(client, Change(1, pri=5))
    assert holder(story) == 1
    story.commit(client, Change(1, tube=b"other"))
    assert story.engine.index.claims.keys == {}
    assert story.job(1).extra is None


def test_a_key_goes_with_a_cleared_job_sooner_or_later(story, client):
    story.put(client, attributes=GONE)
    story.commit(client, Clear(b"default"))
    story.advance(1)
    assert holder(story) == 0


def test_who_expires_first_comes_first_and_once(story, client):
    for seconds in (9, 3, 6):
        story.put(client, attributes=expires(seconds))
    claims = story.engine.index.claims
    assert claims.first_expired(2 * SECOND) is None
    assert claims.first_expired(9 * SECOND).id == 2
    assert claims.first_expired(9 * SECOND).id == 3
    assert claims.first_expired(8 * SECOND) is None


def test_an_expiry_that_was_changed_counts_as_it_is_now(story, client):
    story.put(client, attributes=expires(3))
    story.commit(client, Change(1, attributes=expires(9)))
    claims = story.engine.index.claims
    assert claims.first_expired(8 * SECOND) is None
    assert claims.first_expired(9 * SECOND).id == 1


def test_expiries_of_jobs_that_are_gone_do_not_pile_up(story, client):
    for n in range(1, 1001):
        story.put(client, attributes=expires(1000 + n))
        story.engine.delete(client, n)
    assert len(story.engine.index.claims.expiries) <= SLACK + 2


def test_a_job_that_moves_takes_nobodys_key(story, client):
    story.put(client, attributes=GONE)
    story.put(story.client(b"other"), attributes=GONE)
    story.commit(client, Change(1, tube=b"other"))
    story.engine.delete(client, 1)
    assert holder(story, b"other") == 2


def test_expiries_of_a_job_that_is_changed_do_not_pile_up(story, client):
    story.put(client, attributes=expires(1000))
    for pri in range(2000):
        story.commit(client, Change(1, pri=pri))
    claims = story.engine.index.claims
    assert (len(claims.expiries) <= SLACK + 4, claims.expiring) == (True, 1)
    assert claims.first_expired(1000 * SECOND).id == 1


def test_in_a_commit_a_key_is_given_once(story, client):
    first, second = Put(b"t", b"a", attributes=GONE), Put(b"t", b"b", attributes=GONE)
    assert story.commit(client, first, second) == [("refused", "conflict", 1)]
    assert story.commit(client, first) == [("committed", [1])]
    assert story.commit(client, second) == [("refused", "conflict", 0)]
