"""What a piece of the log still holds is carried over before it is forgotten."""

from __future__ import annotations

from penstock.core import kinds
from penstock.core.commands import Put, Set
from penstock.core.compaction import Compaction
from penstock.core.images import Images
from penstock.core.replay import Replay
from penstock.core.store import Store
from tests.core.story import SECOND, Story, attribute, decode

FOREIGN = 200  # a kind of event that a later release may have


def carried_over(story: Story, payload: bytes) -> bytes:
    """Compact a piece that holds these events; give what was written for it."""
    engine = story.engine
    engine.turn.batch.clear(2)
    engine.store.home = 2
    work = Compaction(engine.store, engine.turn)
    work.begin(payload, 1)
    while not work.step(100):
        continue
    return engine.turn.batch.payload()


def story_with_everything() -> Story:
    story = Story()
    client = story.client(b"tube")
    leased = story.client(b"tube")
    leased.lease = b"token"
    story.put(client, b"a", attributes=attribute(kinds.FIRST_JOB_TAG, b"text"))
    story.put(client, b"b", delay=5)
    story.engine.reserve_job(leased, 1)
    story.commit(client, Put(b"tube", b"c"), Set(b"plan", b"a", b"1"))
    story.engine.pause_tube(client, b"tube", 99 * SECOND)
    return story


def test_jobs_records_and_pauses_are_carried_over():
    story = story_with_everything()
    carried = carried_over(story, story.engine.turn.batch.payload())
    found = sorted(event.kind for event in decode(carried))
    jobs = 3 * [kinds.JOB_IMAGE]
    assert found == [*jobs, kinds.SET_IMAGE, kinds.PAUSE_IMAGE]


def test_what_is_carried_over_makes_the_same_state():
    story = story_with_everything()
    carried = carried_over(story, story.engine.turn.batch.payload())
    store = Store()
    Replay(store).apply(carried)
    assert Images(store).snapshot() == Images(story.engine.store).snapshot()


def test_a_pause_is_carried_over_where_its_jobs_stand_elsewhere():
    story = story_with_everything()
    for id in range(1, 4):
        job = story.job(id)
        assert job is not None
        job.home = 2
    carried = carried_over(story, story.engine.turn.batch.payload())
    found = [event.kind for event in decode(carried)]
    assert found == [kinds.SET_IMAGE, kinds.PAUSE_IMAGE]


def test_a_lease_is_carried_over_with_its_job():
    story = story_with_everything()
    carried = carried_over(story, story.engine.turn.batch.payload())
    store = Store()
    Replay(store).apply(carried)
    job = store.index.find(1)
    assert job is not None
    assert job.holder is not None
    assert job.holder.token == b"token"


def test_what_is_carried_over_once_is_not_carried_over_again():
    story = story_with_everything()
    payload = story.engine.turn.batch.payload()
    assert carried_over(story, payload)
    assert carried_over(story, payload) == b""


def test_what_was_deleted_is_not_carried_over():
    story = Story()
    client = story.client()
    id = story.put(client, b"a")
    payload = story.engine.turn.batch.payload()
    story.engine.delete(client, id)
    assert carried_over(story, payload) == b""


def test_events_of_a_later_release_are_carried_over_as_they_came():
    foreign = bytes([FOREIGN]) + (3).to_bytes(4, "little") + b"new"
    assert carried_over(Story(), foreign) == foreign


def test_images_are_carried_over_as_well():
    story = story_with_everything()
    first = carried_over(story, story.engine.turn.batch.payload())
    for job in range(1, 4):
        story.job(job).home = 1
    again = [event.kind for event in decode(carried_over(story, first))]
    assert again.count(kinds.JOB_IMAGE) == 3
