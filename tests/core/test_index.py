"""Where jobs and tubes are found, and that heaps are cleaned as they go."""

from penstock.core.commands import Change, Clear
from penstock.core.job import BURIED, DELAYED, READY, RESERVED
from tests.core.story import SECOND


def test_jobs_are_counted_by_state_in_all_tubes(story):
    for name in (b"a", b"b"):
        client = story.client(name)
        story.put(client)
        story.put(client, delay=5)
    index = story.engine.index
    assert (index.count(READY), index.count(DELAYED)) == (2, 2)
    story.reserve(client)
    assert (index.count(READY), index.count(RESERVED)) == (1, 1)
    assert index.urgent == 1


def test_a_tube_is_numbered_once(story):
    index = story.engine.index
    first = index.tube(b"a")
    assert index.tube(b"a") is first
    index.drop_tube(first)
    index.drop_tube(first)
    assert index.tube(b"a").number != first.number


def test_jobs_taken_from_the_middle_leave_the_heap_small(story, client):
    for pri in range(1000):
        story.put(client, pri=pri)
    for id in range(1000, 10, -1):
        story.engine.delete(client, id)
    tube = story.tube()
    assert tube.heap(READY).size <= 2 * 10 + 33
    taken = [story.reserve(client)[-1][1] for _ in range(10)]
    assert taken == list(range(1, 11))


def test_a_job_that_moves_to_and_fro_stands_in_line_once(story, client):
    story.put(client, pri=5)
    for _ in range(1000):
        story.engine.reserve_job(client, 1)
        story.engine.release(client, 1, 5, 0)
    client.heard()
    assert story.tube().heap(READY).size < 100
    assert len(story.engine.index.deadlines) < 100
    assert story.reserve(client) == [("reserved", 1, b"")]
    assert story.reserve(client, timeout=0) == [("timed out",)]


def test_a_job_under_an_old_pri_is_found_under_the_new_one(story, client):
    for _ in range(3):
        story.put(client, pri=5)
    story.commit(client, Change(2, pri=9), Change(3, pri=1))
    taken = [story.reserve(client)[0][1] for _ in range(3)]
    assert taken == [3, 1, 2]


def test_pausing_again_and_again_keeps_the_heap_small(story, client):
    for n in range(1000):
        story.engine.pause_tube(client, b"default", (n + 1) * SECOND)
    assert len(story.engine.index.pauses) < 100
    story.advance(999)
    assert story.tube().pause_until
    story.advance(1)
    assert story.tube().pause_until == 0


def test_delaying_ever_earlier_keeps_the_heap_small(story, client):
    for n in range(1000):
        story.put(client, delay=2000 - n)
    assert len(story.engine.index.delays) < 100
    story.advance(1001)
    assert story.state(1000) == READY


def test_a_delay_before_a_later_one_leaves_its_tube_in_line_once(story):
    clients = [story.client(b"tube%d" % n) for n in range(100)]
    for client in clients:
        story.put(client, delay=1_000_000)
    sizes = []
    for client in clients * 3:
        story.put(client, delay=1)
        story.advance(1)
        sizes.append(len(story.engine.index.delays))
    assert min(sizes[200:]) <= len(clients) + 2


def test_a_cleared_job_is_found_by_nobody_before_it_is_freed(story, client):
    story.put(client)
    story.commit(client, Clear(b"default"))
    index = story.engine.index
    assert index.jobs.find(1) is not None
    assert index.find(1) is None
    assert index.count(READY) == 0
    for question in (
        lambda: story.engine.views.peek(client, 1),
        lambda: story.engine.delete(client, 1),
        lambda: story.engine.reserve_job(client, 1),
    ):
        question()
        assert client.heard() == [("not found",)]


def test_reserved_ids_are_listed_once_and_ascending(story, client):
    for _ in range(5):
        story.put(client)
    for id in (4, 2, 5):
        story.engine.reserve_job(client, id)
        story.engine.touch(client, id)
    story.engine.bury(client, 5, 0)
    assert story.engine.index.reserved_ids() == [2, 4]
    assert story.state(5) == BURIED


def test_the_bytes_of_bodies_are_counted(story, client):
    story.put(client, b"x" * 10)
    story.put(story.client(b"a"), b"x" * 5)
    index = story.engine.index
    assert (index.body_bytes, story.tube().body_bytes) == (15, 10)
    story.commit(client, Change(1, tube=b"a"))
    assert (index.body_bytes, story.tube(b"a").body_bytes) == (15, 15)
    story.engine.delete(client, 1)
    assert index.body_bytes == 5
