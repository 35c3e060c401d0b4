"""What a tube is made of."""

from penstock.core.job import BURIED, READY
from penstock.core.tube import Clearing, Tube


def test_a_new_tube_is_empty():
    tube = Tube(b"mail", 7)
    assert (tube.name, tube.number, tube.job_count()) == (b"mail", 7, 0)
    assert tube.count(READY) == 0
    assert (tube.pause, tube.pause_until, tube.policy) == (0, 0, None)


def test_heaps_come_into_being_when_asked_for():
    tube = Tube(b"mail", 7)
    tube.heap(READY).push(1, 2)
    assert tube.heap(READY).size == 1
    assert tube.heap(BURIED).size == 0


def test_jobs_are_counted_by_state(story, client):
    for _ in range(3):
        story.put(client, pri=1023)
    story.put(client, pri=1024)
    story.reserve(client)
    tube = story.tube()
    assert (tube.count(1), tube.count(2), tube.job_count()) == (3, 1, 4)
    assert tube.urgent == 2


def test_a_clear_counts_what_is_still_to_be_looked_at():
    clearing = Clearing(0b10, 99)
    tube = Tube(b"mail", 7)
    tube.heap(READY).push(1, 2)
    clearing.heaps.append(tube.heap(READY))
    assert (clearing.states, clearing.up_to, clearing.size()) == (2, 99, 1)
