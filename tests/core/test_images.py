"""Images: full states as events, the same bytes for the same state."""

from penstock.core import kinds
from penstock.core.commands import Note, Set
from penstock.core.images import Images
from penstock.core.job import BURIED, RESERVED
from tests.core.story import SECOND, Story, attribute, decode


def snapshot(story):
    return decode(Images(story.engine.store).snapshot())


def test_nothing_has_no_image(story):
    assert snapshot(story) == []


def test_a_job_has_all_of_itself_in_its_image(story, client):
    client.lease = b"token"
    tag = attribute(16, b"text/plain")
    story.advance(1)
    story.put(client, b"body", pri=7, delay=2, ttr=3, attributes=tag)
    story.commit(client, Note(1, b"n", b"v"))
    story.engine.reserve_job(client, 1)
    (event,) = snapshot(story)
    assert event.kind == kinds.JOB_IMAGE
    assert event.fields == {
        "id": 1,
        "pri": 7,
        "created": SECOND,
        "delay": 2 * SECOND,
        "due": 4 * SECOND,
        "ttr": 3 * SECOND,
        "state": RESERVED,
        "reason": 0,
        "reserves": 1,
        "timeouts": 0,
        "releases": 0,
        "buries": 0,
        "kicks": 0,
        "tube": b"default",
    }
    assert event.attributes == [
        (kinds.TAG_TOKEN, b"token"),
        (kinds.TAG_NOTE, b"\x01nv"),
        (16, b"text/plain"),
        (kinds.TAG_BODY, b"body"),
    ]


def test_a_buried_jobs_place_is_in_its_image(story, client):
    for _ in range(2):
        story.put(client)
        story.reserve(client)
    for id in (2, 1):
        story.engine.bury(client, id, 0)
    events = snapshot(story)
    assert [(e["id"], e["state"], e["due"]) for e in events] == [
        (1, BURIED, 2),
        (2, BURIED, 1),
    ]


def test_a_pause_has_an_image_while_something_keeps_its_tube(story, client):
    other = story.client(b"other")
    story.engine.pause_tube(other, b"other", SECOND)
    assert snapshot(story) == []
    story.put(other)
    pause = snapshot(story)[0]
    assert (pause.kind, pause["tube"]) == (kinds.PAUSE_IMAGE, b"other")
    assert (pause["length"], pause["until"]) == (SECOND, SECOND)


def test_a_record_has_an_image(story, client):
    story.commit(client, Set(b"plan", b"k", b"v", lifetime=SECOND))
    (event,) = snapshot(story)
    assert (event.kind, event["namespace"], event["expires"]) == (
        kinds.SET_IMAGE,
        b"plan",
        SECOND,
    )
    assert event.attributes == [(kinds.TAG_KEY, b"k"), (kinds.TAG_VALUE, b"v")]


def test_equal_states_have_equal_images_however_they_came_about():
    pictures = []
    for order in ((b"a", b"b"), (b"b", b"a")):
        story = Story()
        client = story.client()
        story.put(client)
        for name in order:
            story.commit(client, Set(b"plan", name, b"v"), Note(1, name, b"v"))
        pictures.append(Images(story.engine.store).snapshot())
    assert pictures[0] == pictures[1]
