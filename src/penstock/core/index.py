"""Where jobs and tubes are found: by id, by name, by state, by what is due when.

What a state means for heaps and counts stands here alone, in `enter` and `leave`. All
heaps are cleaned lazily: an entry is live as long as its job is still in that state
under that key, and a heap is swept when its stale entries outnumber the live ones.
"""

import cython

from penstock.core.claims import Claims
from penstock.core.heap import Heap
from penstock.core.job import Job
from penstock.core.session import Reservation, Session
from penstock.core.table import Table
from penstock.core.tube import Clearing, Tube

if not cython.compiled:
    from penstock.core.job import DELAYED, HELD, READY, RESERVED, weight

    # The last second of a reservation, in which its holder is warned (DEADLINE_SOON).
    MARGIN = 1_000_000_000
    URGENT = 1024  # a ready job with a smaller pri is urgent
    SLACK = 32  # stale entries that any heap may have

DEFAULT = b"default"


@cython.final
@cython.cclass
class Index:
    """`deadlines` holds each reserved job under the next moment that matters to it,
    `delays` each tube under its earliest delayed job, `pauses` under its pause's end.
    `counts` are jobs by state, `body_bytes` counts the bodies that are in memory,
    `live_bytes` what full copies of all jobs would take in a log.
    """

    def __init__(self) -> None:
        self.jobs = Table()
        self.claims = Claims(self.jobs)
        self.tubes: dict[bytes, Tube] = {}
        self.numbered: dict[int, Tube] = {}
        self.deadlines = Heap()
        self.delays = Heap()
        self.pauses = Heap()
        self.next_tube = 1
        if not cython.compiled:
            self.counts = [0] * 6
        self.urgent = 0
        self.body_bytes = 0
        self.live_bytes = 0
        self.tube(DEFAULT)

    @cython.ccall
    def find(self, id: cython.ulonglong) -> Job | None:
        """Give the job of that id, unless it has been cleared away."""
        job: Job | None = self.jobs.find(id)
        if job is None or job.tube.clearing is None:
            return job
        return None if self.is_cleared(job) else job

    @cython.ccall
    def is_cleared(self, job: Job) -> cython.bint:
        """Tell whether a job is one that a clear still has to free."""
        clearing: Clearing | None = job.tube.clearing
        return (
            clearing is not None
            and (clearing.states >> job.state) & 1 != 0
            and job.id <= clearing.up_to
            and job.id not in clearing.fresh
        )

    @cython.ccall
    @cython.exceptval(check=False)
    def count(self, state: cython.uint) -> cython.ulonglong:
        """Count the jobs of a state in all tubes."""
        return self.counts[state]

    @cython.ccall
    def admit(self, job: Job) -> cython.void:
        """Add a job that has no state yet."""
        self.jobs.add(job)
        job.tube.body_bytes += len(job.body)
        self.body_bytes += len(job.body)
        self.live_bytes += weight(job)
        self.claims.add(job)

    @cython.ccall
    def dismiss(self, job: Job) -> cython.void:
        """Remove a job that has no state any more."""
        self.jobs.remove(job)
        self.claims.drop(job)
        job.tube.body_bytes -= len(job.body)
        self.body_bytes -= len(job.body)
        self.live_bytes -= weight(job)

    # Tubes.

    @cython.ccall
    def tube(self, name: bytes) -> Tube:
        """Give the tube of that name, which comes into being here."""
        tube: Tube | None = self.tubes.get(name)
        if tube is None:
            tube = Tube(name, self.next_tube)
            self.next_tube += 1
            self.tubes[name] = tube
            self.numbered[tube.number] = tube
        return tube

    @cython.ccall
    def is_unused(self, tube: Tube) -> cython.bint:
        """Tell whether nothing refers to a tube any more."""
        return (
            tube.using == 0
            and tube.watching == 0
            and tube.policy is None
            and tube.job_count() == 0
            and tube.name != DEFAULT
        )

    @cython.ccall
    def drop_tube(self, tube: Tube) -> cython.void:
        """Forget a tube that is unused."""
        if self.tubes.pop(tube.name, None) is not None:
            del self.numbered[tube.number]

    def drop_unused(self) -> None:
        """Forget every tube that is unused; only while starting."""
        for tube in list(self.tubes.values()):
            if self.is_unused(tube):
                self.drop_tube(tube)

    @cython.ccall
    def wake_tube_at(self, tube: Tube, due: cython.ulonglong) -> cython.void:
        """Remember when a tube's earliest delayed job is due; 0 is never."""
        tube.wake_at = due
        if due:
            self.delays.push(due, tube.number)
        if self.delays.size > 2 * len(self.tubes) + SLACK:
            self._sweep_tubes(self.delays)

    @cython.ccall
    def pause_tube(
        self, tube: Tube, length: cython.ulonglong, until: cython.ulonglong
    ) -> cython.void:
        """Remember until when a tube is paused; 0 is not at all."""
        tube.pause = length
        tube.pause_until = until
        if until:
            self.pauses.push(until, tube.number)
        if self.pauses.size > 2 * len(self.tubes) + SLACK:
            self._sweep_tubes(self.pauses)

    @cython.cfunc
    def _sweep_tubes(self, heap: Heap) -> cython.void:
        kept: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        key: cython.ulonglong
        seen: set[int] = set()
        for at in range(heap.size):
            tube: Tube | None = self.numbered.get(heap.id(at))
            if tube is None:
                continue
            key = tube.wake_at if heap is self.delays else tube.pause_until
            # A tube may stand there twice under one key; one entry is enough.
            if key == heap.key(at) and tube.number not in seen:
                seen.add(tube.number)
                heap.keep(kept, at)
                kept += 1
        heap.rebuild(kept)

    # Jobs by state.

    @cython.cfunc
    @cython.exceptval(check=False)
    def _key(self, job: Job) -> cython.ulonglong:
        """Give the key under which a job stands in the heap of its state."""
        if job.state == READY:
            return job.pri
        if job.state == HELD:
            return job.id
        if job.state == RESERVED and not job.soon:
            return job.due - MARGIN
        return job.due

    @cython.cfunc
    def _live(
        self, heap: Heap, at: cython.Py_ssize_t, state: cython.uint
    ) -> Job | None:
        """Give the job of an entry; None where the entry is stale."""
        job: Job | None = self.jobs.find(heap.id(at))
        if job is None or job.state != state or self._key(job) != heap.key(at):
            return None
        return job

    @cython.ccall
    def top(self, tube: Tube, state: cython.uint) -> Job | None:
        """Give a tube's first job of a state: by pri, due, or place in line."""
        heap: Heap | None = tube.heaps[state]
        job: Job | None
        if heap is None:
            return None
        while heap.size:
            job = self._live(heap, 0, state)
            if job is not None and job.tube is tube:
                return job
            heap.pop()
        return None

    @cython.ccall
    def first_deadline(self) -> Job | None:
        """Give the reserved job to which something happens next."""
        job: Job | None
        while self.deadlines.size:
            job = self._live(self.deadlines, 0, RESERVED)
            if job is not None:
                return job
            self.deadlines.pop()
        return None

    @cython.ccall
    def enter(self, job: Job, state: cython.uint, due: cython.ulonglong) -> cython.void:
        """Let a job be in a state; RESERVED needs its holder set first."""
        tube: Tube = job.tube
        job.state = state
        job.due = due
        if state == RESERVED:
            self.arm(job)
        else:
            tube.heap(state).push(self._key(job), job.id)
        if state == DELAYED and (tube.wake_at == 0 or due < tube.wake_at):
            self.wake_tube_at(tube, due)
        tube.counts[state] += 1
        self.counts[state] += 1
        if state == READY and job.pri < URGENT:
            tube.urgent += 1
            self.urgent += 1
        if tube.clearing is not None and (tube.clearing.states >> state) & 1:
            tube.clearing.fresh.add(job.id)

    @cython.ccall
    def leave(self, job: Job) -> cython.void:
        """Take a job out of the state that it is in."""
        tube: Tube = job.tube
        state: cython.uint = job.state
        heap: Heap = self.deadlines if state == RESERVED else tube.heap(state)
        if state == RESERVED:
            self._let_go(job)
        tube.counts[state] -= 1
        self.counts[state] -= 1
        if state == READY and job.pri < URGENT:
            tube.urgent -= 1
            self.urgent -= 1
        job.state = 0
        live: cython.ulonglong = tube.counts[state]
        if state == RESERVED:
            live = self.counts[state]
        if heap.size and heap.id(0) == job.id:
            heap.pop()
        elif self._is_stale(heap, live):
            self._sweep(heap, tube, state)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _is_stale(self, heap: Heap, live: cython.ulonglong) -> cython.bint:
        return cython.cast(cython.ulonglong, heap.size) > 2 * live + SLACK

    @cython.cfunc
    def _sweep(self, heap: Heap, tube: Tube, state: cython.uint) -> cython.void:
        kept: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        job: Job | None
        for at in range(heap.size):
            job = self._live(heap, at, state)
            # A job may stand in a heap twice under one key; one entry is enough.
            if job is None or job.marked:
                continue
            if state != RESERVED and job.tube is not tube:
                continue
            job.marked = True
            heap.keep(kept, at)
            kept += 1
        for at in range(kept):
            job = cython.cast(Job, self.jobs.find(heap.id(at)))
            job.marked = False
        heap.rebuild(kept)

    @cython.ccall
    def empty(self, tube: Tube, state: cython.uint, clearing: Clearing) -> cython.void:
        """Hand a tube's jobs of a state over to a clear."""
        count: cython.ulonglong = tube.counts[state]
        clearing.heaps.append(tube.heap(state))
        tube.heaps[state] = None
        tube.counts[state] = 0
        self.counts[state] -= count
        if state == READY:
            self.urgent -= tube.urgent
            tube.urgent = 0

    # Reservations.

    def reserved_ids(self) -> list[int]:
        """List the ids of all reserved jobs, ascending."""
        found = set()
        for at in range(self.deadlines.size):
            if self._live(self.deadlines, at, RESERVED) is not None:
                found.add(self.deadlines.id(at))
        return sorted(found)

    @cython.ccall
    def holder(self, job: Job) -> Reservation:
        """Give who holds a reserved job."""
        return cython.cast(Reservation, job.holder)

    @cython.ccall
    def arm(self, job: Job) -> cython.void:
        """Note the next moment that matters: the margin for a session, then the end.

        `soon` is set from the margin on, and at once where nobody can be warned.
        """
        session: Session | None = self.holder(job).session
        if session is None:
            job.soon = True
        elif job.ttr <= MARGIN:
            self.warn(job, session)
        self.deadlines.push(self._key(job), job.id)
        # A touch leaves its old entry behind, and may be all that ever happens.
        if self._is_stale(self.deadlines, self.counts[RESERVED]):
            self._sweep(self.deadlines, job.tube, RESERVED)

    @cython.ccall
    def warn(self, job: Job, session: Session) -> cython.void:
        """Note that a job is in the last second of a session's reservation."""
        job.soon = True
        session.soon += 1

    @cython.ccall
    def disarm(self, job: Job) -> cython.void:
        """Forget the warning; the entry in `deadlines` becomes stale."""
        session: Session | None = self.holder(job).session
        if job.soon and session is not None:
            session.soon -= 1
        job.soon = False

    @cython.cfunc
    def _let_go(self, job: Job) -> cython.void:
        reservation: Reservation = self.holder(job)
        self.disarm(job)
        if reservation.session is not None:
            reservation.session.let_go(reservation)
        job.holder = None
