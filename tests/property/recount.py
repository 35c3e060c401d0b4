"""Counts everything in an engine again, the slow way, and compares.

It reads what both forms of the engine show.
"""

from collections import Counter

from penstock.core.engine import Engine
from penstock.core.heap import Heap
from penstock.core.index import MARGIN, URGENT
from penstock.core.job import BURIED, DELAYED, HELD, READY, RESERVED, Job
from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.tube import Tube

STATES = (READY, RESERVED, DELAYED, BURIED, HELD)
KEYS = {
    READY: lambda job: job.pri,
    DELAYED: lambda job: job.due,
    BURIED: lambda job: job.due,
    HELD: lambda job: job.id,
}
WATCHED_AT_MOST = 1000
U32, U64 = 2**32 - 1, 2**64 - 1  # plain numbers have no bounds of their own


def all_jobs(store: Store) -> list[Job]:
    """Every job that has not been cleared away."""
    found = (store.index.find(id) for id in store.index.jobs.ids())
    return [job for job in found if job is not None]


def recount(engine: Engine) -> None:
    """Assert that an engine's counts are those of its jobs and sessions."""
    recount_store(engine.store)
    sessions = list(engine.matching.sessions.values())
    recount_sessions(engine, sessions)
    for tube in engine.index.tubes.values():
        recount_users(tube, sessions)
        assert not engine.index.is_unused(tube), tube.name
    for job in all_jobs(engine.store):
        check_holder(job, sessions)


def recount_store(store: Store) -> None:
    """Assert that a store's counts are those of its jobs, and its heaps in order."""
    jobs, index = all_jobs(store), store.index
    states = Counter(job.state for job in jobs)
    assert states.keys() <= set(STATES), states
    assert [index.count(s) for s in STATES] == [states[s] for s in STATES]
    assert index.urgent == sum(is_urgent(job) for job in jobs)
    assert all(job.id < store.next_id for job in jobs)
    for job in jobs:
        assert index.tubes.get(job.tube.name) is job.tube, job.tube.name
        assert max(job.due, job.delay, job.ttr, job.created) <= U64, job.id
        assert job.pri <= U32, job.id
    for tube in index.tubes.values():
        recount_tube(store, tube, [job for job in jobs if job.tube is tube])
    for heap in (index.deadlines, index.delays, index.pauses, store.records.expiries):
        check_order(heap)
    check_deadlines(store, [job for job in jobs if job.state == RESERVED])


def is_urgent(job: Job) -> bool:
    return job.state == READY and job.pri < URGENT


def recount_tube(store: Store, tube: Tube, jobs: list[Job]) -> None:
    states = Counter(job.state for job in jobs)
    assert [tube.count(s) for s in STATES] == [states[s] for s in STATES], tube.name
    assert tube.urgent == sum(is_urgent(job) for job in jobs), tube.name
    for state, key in KEYS.items():
        there = [(key(job), job.id) for job in jobs if job.state == state]
        top = store.index.top(tube, state)
        first = None if top is None else (key(top), top.id)
        assert first == min(there, default=None), (tube.name, state)


def check_order(heap: Heap) -> None:
    """Assert that no entry is before its parent."""
    entries = [(heap.key(at), heap.id(at)) for at in range(heap.size)]
    for at in range(1, len(entries)):
        assert entries[(at - 1) // 2] <= entries[at], at


def check_deadlines(store: Store, reserved: list[Job]) -> None:
    """Assert that the next deadline is found, before or in its last second."""
    first = store.index.first_deadline()
    assert (first is None) == (not reserved)
    if first is not None:
        assert store.index.deadlines.key(0) <= min(job.due for job in reserved)
        assert store.index.deadlines.key(0) in (first.due, first.due - MARGIN)


def recount_sessions(engine: Engine, sessions: list[Session]) -> None:
    counters, waiting = engine.counters, [s for s in sessions if s.waiting]
    assert not any(session.closed for session in sessions)
    assert engine.matching.waiting == len(waiting)
    assert counters.current_producers == sum(s.producer for s in sessions)
    assert counters.current_workers == sum(s.worker for s in sessions)
    for session in sessions:
        assert 1 <= len(session.watched) <= WATCHED_AT_MOST
        for tube in (session.used, *session.watched):
            assert engine.index.tubes.get(tube.name) is tube, tube.name
    for session in waiting:  # or it would have been served
        assert engine.matching.best(session) is None


def recount_users(tube: Tube, sessions: list[Session]) -> None:
    watching = [session for session in sessions if tube in session.watched]
    assert tube.using == sum(session.used is tube for session in sessions), tube.name
    assert tube.watching == len(watching), tube.name
    assert tube.waiting == sum(session.waiting for session in watching), tube.name


def check_holder(job: Job, sessions: list[Session]) -> None:
    """Assert that reserved jobs, and no others, are held by somebody who is there."""
    assert (job.holder is not None) == (job.state == RESERVED), job.id
    if job.holder is not None:
        assert job.holder.id == job.id
        if job.holder.token is None:
            assert job.holder.session in sessions, job.id
