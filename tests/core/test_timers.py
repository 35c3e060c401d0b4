"""What time does, in slices, and when it has to be asked again."""

from penstock.core.commands import Clear
from penstock.core.job import DELAYED, READY, RESERVED
from tests.core.story import NEVER, SECOND


def test_with_nothing_timed_there_is_no_next_moment(story, client):
    story.put(client)
    assert story.engine.timers.next() == NEVER


def test_the_next_moment_is_the_earliest_of_all_kinds(story, client):
    timers = story.engine.timers
    story.engine.pause_tube(client, b"default", 9 * SECOND)
    assert timers.next() == 9 * SECOND
    story.put(client, delay=7)
    assert timers.next() == 7 * SECOND
    story.put(client, ttr=6)
    story.engine.reserve_job(client, 2)
    assert timers.next() == 5 * SECOND


def test_delayed_jobs_of_many_tubes_become_ready_at_their_own_time(story):
    for n in range(1, 51):
        story.put(story.client(b"tube%d" % (n % 10)), delay=51 - n)
    for n in range(1, 51):
        story.advance(1)
        assert story.engine.index.count(READY) == n
        assert story.state(51 - n) == READY


def test_an_earlier_delay_that_comes_later_is_seen(story, client):
    story.put(client, delay=9)
    story.put(client, delay=3)
    story.advance(3)
    assert (story.state(1), story.state(2)) == (DELAYED, READY)
    assert story.engine.timers.next() == 9 * SECOND


def test_a_tube_that_was_dropped_and_came_back_has_only_its_own_delays(story):
    other = story.client(b"other")
    story.engine.delete(other, story.put(other, delay=5))
    story.engine.close(other)
    other = story.client(b"other")
    story.put(other, delay=9)
    story.advance(5)
    assert story.state(2) == DELAYED
    story.advance(4)
    assert story.state(2) == READY


def test_a_slice_is_not_exceeded_and_the_rest_comes_next(story, client):
    for _ in range(10):
        story.put(client, delay=1)
    assert story.engine.timers.run(SECOND, 4) <= 0
    assert story.engine.index.count(READY) == 4
    assert story.engine.timers.run(SECOND, 4) <= 0
    assert story.engine.timers.run(SECOND, 4) > 0
    assert story.engine.index.count(READY) == 10


def test_reservations_end_in_order_of_their_deadline(story, client):
    for ttr in (4, 2, 3):
        story.put(client, ttr=ttr)
    for id in (1, 2, 3):
        story.engine.reserve_job(client, id)
    ended = []
    for _ in range(5):
        story.advance(1)
        ended += [i for i in (1, 2, 3) if story.state(i) == READY and i not in ended]
    assert ended == [2, 3, 1]


def test_sixty_reservations_end_within_one_tick(story):
    workers = [story.client() for _ in range(60)]
    for worker in workers:
        story.put(worker, ttr=1)
        story.reserve(worker)
    assert story.engine.index.count(RESERVED) == 60
    story.advance(1)
    assert story.engine.index.count(READY) == 60


def test_touching_again_and_again_keeps_the_heap_small(story, client):
    story.put(client, ttr=100)
    story.reserve(client)
    for _ in range(5000):
        story.advance(0.001)
        story.engine.touch(client, 1)
    assert len(story.engine.index.deadlines) < 100
    story.advance(98.9)
    assert story.state(1) == RESERVED


def test_cleared_jobs_are_freed_in_slices(story, client):
    for _ in range(10):
        story.put(client)
    story.commit(client, Clear(b"default"))
    assert story.engine.timers.next() == 0
    assert len(story.engine.index.jobs) == 10
    story.engine.timers.run(0, 4)
    assert len(story.engine.index.jobs) == 6
    story.engine.timers.run(0, 100)
    assert len(story.engine.index.jobs) == 0
    assert story.engine.timers.next() == NEVER


def test_catching_up_needs_no_event(story, client):
    story.put(client, delay=1)
    story.engine.pause_tube(client, b"default", SECOND)
    story.events()
    story.engine.timers.catch_up(SECOND, 100)
    assert (story.state(1), story.tube().pause_until) == (READY, 0)
    assert story.events() == []
