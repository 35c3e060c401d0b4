"""Commits: all or nothing."""

from penstock.core.commands import Delete, Put, Set


def test_a_commit_of_nothing_is_done(story, client):
    assert story.commit(client) == [("committed", [])]
    assert story.events() == []


def test_the_results_come_in_order(story, client):
    story.put(client)
    said = story.commit(
        client, Put(b"a", b""), Set(b"plan", b"k", b"v"), Put(b"b", b""), Delete(1)
    )
    assert said == [("committed", [2, None, 3, None])]


def test_nothing_is_done_when_one_is_refused(story, client):
    story.put(client)
    story.events()
    said = story.commit(client, Delete(1), Put(b"new", b""), Delete(99))
    assert said == [("refused", "not found", 2)]
    assert story.events() == []
    assert story.job(1) is not None
    assert b"new" not in story.engine.index.tubes


def test_all_events_of_a_commit_are_in_one_batch(story, client):
    seq = story.engine.turn.batch.seq
    story.commit(client, Put(b"a", b""), Put(b"b", b""))
    assert (story.engine.turn.batch.seq, story.engine.turn.batch.count) == (seq, 2)


def test_a_refusal_shows_state_and_waits_for_it(story, client):
    story.engine.turn.durable = 0
    story.put(client)
    other = story.client()
    story.commit(other, Delete(99))
    assert other.sendable(0) == 0
    assert other.sendable(story.engine.turn.batch.seq) == 1


def test_a_record_that_is_not_there_is_none(story):
    assert story.engine.ledger.record(b"no", b"such") is None
