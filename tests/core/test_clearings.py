"""Clears: gone at once, freed little by little."""

from penstock.core.commands import CLEARABLE, Change, Clear
from penstock.core.job import READY, RESERVED


def test_a_job_that_was_held_during_a_clear_comes_back(story, client):
    story.put(client)
    story.put(client)
    story.reserve(client)
    story.commit(client, Clear(b"default"))
    story.engine.release(client, 1, 0, 0)
    assert client.heard() == [("released",)]
    assert (story.state(1), story.state(2)) == (READY, 0)
    story.advance(1)
    assert (story.state(1), story.state(2)) == (READY, 0)
    assert len(story.engine.index.jobs) == 1


def test_a_job_put_after_a_clear_is_not_meant(story, client):
    story.put(client)
    story.commit(client, Clear(b"default"))
    id = story.put(client)
    story.advance(1)
    assert story.state(id) == READY


def test_a_job_that_moves_in_after_a_clear_is_not_meant(story, client):
    other = story.client(b"other")
    story.put(other)
    story.put(client)
    story.commit(client, Clear(b"default"))
    story.commit(client, Change(1, tube=b"default"))
    story.advance(1)
    assert (story.state(1), story.state(2)) == (READY, 0)


def test_a_second_clear_before_the_first_is_freed_takes_the_rest(story, client):
    for _ in range(3):
        story.put(client)
    assert story.commit(client, Clear(b"default")) == [("committed", [3])]
    for _ in range(2):
        story.put(client)
    assert story.commit(client, Clear(b"default")) == [("committed", [2])]
    story.advance(1)
    assert len(story.engine.index.jobs) == 0
    assert len(story.engine.store.clearings) == 0


def test_a_tube_that_was_dropped_is_still_freed(story, client):
    other = story.client(b"other")
    story.put(other)
    story.engine.close(other)
    story.commit(client, Clear(b"other"))
    assert b"other" not in story.engine.index.tubes
    story.advance(1)
    assert len(story.engine.index.jobs) == 0
    assert story.engine.index.body_bytes == 0


def test_several_tubes_are_freed_one_after_the_other(story, client):
    for name in (b"a", b"b"):
        other = story.client(name)
        for _ in range(5):
            story.put(other)
    story.commit(client, Clear(b"a"), Clear(b"b"))
    clearings = story.engine.store.clearings
    assert len(clearings) == 2
    clearings.free(7)
    assert len(clearings) == 1
    clearings.free(100)
    assert len(clearings) == 0


def test_reserved_jobs_are_never_cleared():
    assert RESERVED not in CLEARABLE
