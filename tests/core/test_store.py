"""What changes durable state: each effect, from whatever state was there."""

import pytest

from penstock.core.job import (
    BURIED,
    BY_CLIENT,
    BY_TTR,
    DELAYED,
    HELD,
    READY,
    RESERVED,
)
from penstock.core.store import Store
from tests.core.story import SECOND

STATES = (READY, RESERVED, DELAYED, BURIED, HELD)


@pytest.fixture
def store():
    return Store()


def put(store, id=1, due=0, pri=0):
    tube = store.index.tube(b"default")
    return store.apply_put(id, tube, pri, 5, due, due, SECOND, b"", b"body")


def bring(store, state):
    """Give a job that is in that state."""
    job = put(store, due=9 if state == DELAYED else 0)
    if state == RESERVED:
        store.apply_reserve(job, 9, None, b"token")
    elif state == BURIED:
        store.apply_bury(job, 0, BY_CLIENT, store.next_place)
    elif state == HELD:
        store.apply_hold(job, b"")
    assert job.state == state
    return job


EFFECTS = {
    "return": (lambda s, j: s.apply_return(j, BY_TTR), READY),
    "release": (lambda s, j: s.apply_release(j, 3, 0, 0), READY),
    "release with a delay": (lambda s, j: s.apply_release(j, 3, 7, 7), DELAYED),
    "bury": (lambda s, j: s.apply_bury(j, 3, BY_CLIENT, 4), BURIED),
    "kick": (lambda s, j: s.apply_kick(j), READY),
    "hold": (lambda s, j: s.apply_hold(j, b"x"), HELD),
    "free": (lambda s, j: s.apply_free(j, 0), READY),
    "free with a delay": (lambda s, j: s.apply_free(j, 7), DELAYED),
    "reserve": (lambda s, j: s.apply_reserve(j, 7, None, None), RESERVED),
    "due": (lambda s, j: s.apply_due(j), READY),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_sets_its_state_from_any_state(store, name, state):
    apply, after = EFFECTS[name]
    job = bring(store, state)
    apply(store, job)
    assert job.state == after
    counts = [store.index.count(s) for s in STATES]
    assert counts == [int(s == after) for s in STATES]
    tube = store.index.tubes[b"default"]
    assert [tube.count(s) for s in STATES] == counts
    if after != RESERVED:
        assert store.index.top(tube, after) is job
        assert job.holder is None
    store.apply_delete(job)
    assert tube.job_count() == 0
    assert store.index.find(1) is None


def test_counters_stay_at_the_largest_number_there_is(store):
    job = put(store)
    for _ in range(3):
        store.apply_kick(job)
        store.apply_release(job, 0, 0, 0)
        store.apply_bury(job, 0, BY_CLIENT, store.next_place)
    assert (job.kicks, job.releases, job.buries) == (3, 3, 3)


def test_the_next_id_and_place_follow_the_largest_that_was_seen(store):
    put(store, 7)
    put(store, 3)
    assert store.next_id == 8
    store.apply_bury(store.index.find(3), 0, BY_CLIENT, 40)
    assert store.next_place == 41


def test_the_rare_part_goes_when_it_is_empty(store):
    job = put(store)
    store.apply_note(job, b"n", b"v")
    assert job.extra is not None
    store.apply_note(job, b"n", b"")
    assert job.extra is None
    store.apply_hold(job, b"why")
    store.apply_free(job, 0)
    assert job.extra is None


def test_after_a_start_what_connections_held_is_ready(store):
    for id in (1, 2, 3):
        put(store, id)
    store.apply_reserve(store.index.find(1), 9, None, None)
    store.apply_reserve(store.index.find(2), 9, None, b"token")
    store.apply_boot()
    assert [store.index.find(id).state for id in (1, 2, 3)] == [READY, RESERVED, READY]


def test_largest_numbers_fit(store):
    tube = store.index.tube(b"default")
    most = 2**64 - 1
    job = store.apply_put(2**53, tube, 2**32 - 1, most, most, most, most, b"", b"")
    assert (job.pri, job.due, job.ttr, job.created) == (2**32 - 1, most, most, most)
    assert store.next_id == 2**53 + 1
