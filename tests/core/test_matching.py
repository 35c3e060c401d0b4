"""Who waits, who is served, and that nothing is searched for."""

from penstock.core.job import READY
from tests.core.story import NEVER, SECOND


def test_a_session_waits_on_every_tube_it_watches(story):
    worker = story.client(b"a", b"b")
    story.reserve(worker)
    assert (story.tube(b"a").waiting, story.tube(b"b").waiting) == (1, 1)
    assert story.engine.matching.waiting == 1
    story.put(story.client(b"b"))
    assert worker.heard()[0][0] == "reserved"
    assert (story.tube(b"a").waiting, story.tube(b"b").waiting) == (0, 0)
    assert story.engine.matching.waiting == 0


def test_who_was_served_elsewhere_is_passed_over(story):
    both, second = story.client(b"a", b"b"), story.client(b"a")
    story.reserve(both)
    story.reserve(second)
    story.put(story.client(b"b"))
    id = story.put(story.client(b"a"))
    assert both.heard() == [("reserved", 1, b"")]
    assert second.heard() == [("reserved", id, b"")]


def test_who_waits_again_waits_behind_the_others(story):
    first, second, producer = story.client(), story.client(), story.client()
    story.reserve(first)
    story.reserve(second)
    story.engine.give_up(first)
    story.reserve(first)
    first.heard()
    story.put(producer)
    assert (first.heard(), second.heard()) == ([], [("reserved", 1, b"")])


def test_an_earlier_timeout_that_was_answered_does_not_fire_again(story):
    worker, producer = story.client(), story.client()
    story.reserve(worker, timeout=2)
    story.put(producer, ttr=1000)
    worker.heard()
    story.reserve(worker, timeout=100)
    story.advance(2)
    assert worker.heard() == []
    story.advance(98)
    assert worker.heard() == [("timed out",)]


def test_the_next_moment_is_the_earliest_timeout(story):
    story.reserve(story.client(), timeout=5)
    story.reserve(story.client(), timeout=3)
    story.reserve(story.client())
    assert story.engine.matching.next() == 3 * SECOND
    story.advance(3)
    assert story.engine.matching.next() == 5 * SECOND
    story.advance(2)
    assert story.engine.matching.next() == NEVER


def test_timeouts_are_told_in_order(story):
    order = []
    clients = [story.client() for _ in range(3)]
    for client, seconds in zip(clients, (3, 1, 2), strict=True):
        story.reserve(client, timeout=seconds)
    for _ in range(3):
        story.advance(1)
        order += [at for at, client in enumerate(clients) if client.heard()]
    assert order == [1, 2, 0]


def test_when_several_tubes_ripen_the_most_urgent_job_goes_first(story, client):
    for name, pri in ((b"a", 9), (b"b", 1), (b"c", 5)):
        story.put(story.client(name), pri=pri, delay=1)
    first, second = story.client(b"a", b"b", b"c"), story.client(b"c", b"b", b"a")
    story.reserve(first)
    story.reserve(second)
    story.advance(1)
    assert first.heard() == [("reserved", 2, b"")]
    assert second.heard() == [("reserved", 3, b"")]


def test_a_paused_tube_is_passed_over_and_the_others_serve(story):
    worker = story.client(b"a", b"b")
    story.put(story.client(b"a"), pri=0)
    story.put(story.client(b"b"), pri=9)
    story.engine.pause_tube(worker, b"a", 5 * SECOND)
    worker.heard()
    assert story.reserve(worker) == [("reserved", 2, b"")]


def test_two_tubes_that_ripen_at_once_do_not_serve_the_same_session_twice(story):
    worker = story.client(b"a", b"b")
    for name in (b"a", b"b"):
        story.put(story.client(name), delay=1)
    story.reserve(worker)
    story.advance(1)
    assert len(worker.heard()) == 1
    assert story.engine.index.count(READY) == 1


def test_waiting_and_giving_up_thousands_of_times_leaves_nothing_behind(story, client):
    for _ in range(5000):
        story.reserve(client, timeout=1000)
        story.engine.give_up(client)
    client.heard()
    id = story.put(client)
    assert story.state(id) == READY
    assert story.engine.matching.next() == NEVER


def test_sessions_are_known_until_they_close(story):
    clients = [story.client() for _ in range(3)]
    numbers = [client.number for client in clients]
    assert list(story.engine.matching.sessions) == numbers
    story.engine.close(clients[1])
    assert list(story.engine.matching.sessions) == [numbers[0], numbers[2]]
