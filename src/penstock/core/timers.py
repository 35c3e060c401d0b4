"""What time does: jobs fall due, pauses end, reservations and records run out."""

import cython

from penstock.core.counters import Counters
from penstock.core.heap import Heap
from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.records import Record
from penstock.core.retirement import Retirement
from penstock.core.session import Session
from penstock.core.store import POLICIES, Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.job import BY_TTR, DELAYED, RESERVED

    NEVER = 0xFFFFFFFFFFFFFFFF


@cython.final
@cython.cclass
class Timers:
    """Two of these need no event, since both sides of a replay can compare with now: a
    delayed job is due, a pause has ended. The others are events."""

    def __init__(self, store: Store, turn: Turn, counters: Counters) -> None:
        self.store = store
        self.retirement = Retirement(store, turn)
        self.counters = counters
        self.index: Index = store.index
        self.turn = turn

    @cython.ccall
    def run(self, now: cython.ulonglong, most: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Do up to `most` things that are due; tell how many more it might do."""
        most = self.catch_up(now, most)
        most = self._end_reservations(now, most)
        most = self._expire_jobs(now, most)
        most = self._expire_records(now, most)
        return self.store.clearings.free(most)

    @cython.ccall
    def catch_up(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Do what time does without an event, in live running and after a replay."""
        return self._end_pauses(now, self._wake(now, most))

    @cython.cfunc
    def _wake(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        delays: Heap = self.index.delays
        tube: Tube | None
        while most > 0 and delays.size and delays.key(0) <= now:
            tube = self.index.numbered.get(delays.id(0))
            if tube is None or tube.wake_at != delays.key(0):
                delays.pop()
                continue
            most = self._wake_tube(tube, now, most)
        return most

    @cython.cfunc
    def _wake_tube(
        self, tube: Tube, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        job: Job | None = self.index.top(tube, DELAYED)
        while job is not None and job.due <= now and most > 0:
            self.store.apply_due(job)
            most -= 1
            job = self.index.top(tube, DELAYED)
        self.turn.ripe.append(tube)
        self.index.delays.pop()
        self.index.wake_tube_at(tube, 0 if job is None else job.due)
        return most

    @cython.cfunc
    def _end_pauses(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        pauses: Heap = self.index.pauses
        tube: Tube | None
        while most > 0 and pauses.size and pauses.key(0) <= now:
            tube = self.index.numbered.get(pauses.id(0))
            pauses.pop()
            if tube is not None and 0 < tube.pause_until <= now:
                self.index.pause_tube(tube, 0, 0)
                self.turn.ripe.append(tube)
                most -= 1
        return most

    @cython.cfunc
    def _end_reservations(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        job: Job | None = self.index.first_deadline()
        while job is not None and self.index.deadlines.key(0) <= now and most > 0:
            most -= 1
            if job.due <= now:
                self._take_back(job)
            else:
                self._warn(job)
            job = self.index.first_deadline()
        return most

    @cython.cfunc
    def _warn(self, job: Job) -> cython.void:
        session: Session = cython.cast(Session, self.index.holder(job).session)
        self.turn.warned.append(session)
        self.index.deadlines.pop()
        self.index.warn(job, session)
        self.index.deadlines.push(job.due, job.id)

    @cython.cfunc
    def _take_back(self, job: Job) -> cython.void:
        leased: cython.bint = self.index.holder(job).token is not None
        self.turn.batch.give_back(job.id, BY_TTR, leased)
        self.store.apply_return(job, BY_TTR)
        self.counters.job_timeouts += 1
        self.turn.ripe.append(job.tube)
        self.retirement.returned(job)

    @cython.cfunc
    def _expire_jobs(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Remove what has expired; what is held is looked at when it comes back."""
        job: Job | None
        while most > 0:
            job = self.index.claims.first_expired(now)
            if job is None:
                break
            if job.state != RESERVED and self.index.find(job.id) is not None:
                self.retirement.expire(job)
            most -= 1
        return most

    @cython.cfunc
    def _expire_records(
        self, now: cython.ulonglong, most: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        while most > 0:
            record: Record | None = self.store.records.first_expired(now)
            if record is None:
                break
            self.turn.batch.unset(record.namespace, record.key)
            self.store.apply_unset(record.namespace, record.key)
            if record.namespace == POLICIES:
                self.turn.loosened.append(self.index.tube(record.key))
            most -= 1
        return most

    @cython.ccall
    def next(self) -> cython.ulonglong:
        """Give the earliest moment at which something may be due."""
        soonest: cython.ulonglong = NEVER
        if self.store.clearings.tubes:
            return 0
        if self.index.first_deadline() is not None:
            soonest = self.index.deadlines.key(0)
        heaps = (
            self.index.delays,
            self.index.pauses,
            self.index.claims.expiries,
            self.store.records.expiries,
        )
        for heap in heaps:
            other: Heap = heap
            if other.size and other.key(0) < soonest:
                soonest = other.key(0)
        return soonest
