"""How long a tube exists, and who uses and watches it."""

from penstock.core.kinds import DELETE, PAUSE, PUT
from tests.core.story import SECOND


def names(story):
    return list(story.engine.index.tubes)


def test_a_tube_exists_while_it_is_used(story, client):
    story.engine.lifetime.use(client, b"a")
    assert client.heard() == [("using", b"a")]
    assert names(story) == [b"default", b"a"]
    story.engine.lifetime.use(client, b"b")
    assert names(story) == [b"default", b"b"]


def test_using_the_same_tube_again_keeps_it(story, client):
    story.engine.lifetime.use(client, b"a")
    number = story.tube(b"a").number
    story.engine.lifetime.use(client, b"a")
    assert (story.tube(b"a").number, story.tube(b"a").using) == (number, 1)


def test_a_tube_exists_while_it_is_watched(story, client):
    story.engine.lifetime.watch(client, b"a")
    story.engine.lifetime.watch(client, b"a")
    assert client.heard() == [("watching", 2), ("watching", 2)]
    assert story.tube(b"a").watching == 1
    story.engine.lifetime.ignore(client, b"a")
    assert client.heard() == [("watching", 1)]
    assert names(story) == [b"default"]


def test_the_last_tube_is_not_ignored(story, client):
    story.engine.lifetime.ignore(client, b"default")
    assert client.heard() == [("not ignored",)]
    story.engine.lifetime.ignore(client, b"unknown")
    assert client.heard() == [("watching", 1)]


def test_a_tube_exists_while_it_has_jobs(story):
    other = story.client(b"a")
    id = story.put(other)
    story.engine.close(other)
    assert names(story) == [b"default", b"a"]
    story.engine.delete(story.client(), id)
    assert names(story) == [b"default"]


def test_the_default_tube_is_always_there(story, client):
    story.engine.lifetime.use(client, b"a")
    story.engine.close(client)
    assert names(story) == [b"default"]


def test_a_pause_dies_with_its_tube_as_an_event(story):
    other = story.client(b"a")
    story.engine.pause_tube(other, b"a", SECOND)
    story.engine.close(other)
    events = story.events()
    assert [(e.kind, e["until"]) for e in events] == [(PAUSE, SECOND), (PAUSE, 0)]
    assert story.client(b"a") is not None
    assert story.tube(b"a").pause_until == 0


def test_a_tube_without_a_pause_goes_without_an_event(story):
    other = story.client(b"a")
    story.engine.delete(other, story.put(other))
    story.engine.close(other)
    assert story.kinds() == [PUT, DELETE]


def test_counts_of_a_tube_go_with_it(story):
    other = story.client(b"a")
    story.engine.delete(other, story.put(other))
    assert story.tube(b"a").total_jobs == 1
    story.engine.close(other)
    story.client(b"a")
    assert story.tube(b"a").total_jobs == 0
