"""Who waits for a job, and who gets it.

A job goes to the session that has waited longest on its tube; a session takes the least
(pri, id) of the tubes it watches. Tubes that are paused give nothing.
"""

import cython

from penstock.core.heap import Heap
from penstock.core.job import Job
from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.index import SLACK
    from penstock.core.job import READY

    NEVER = 0xFFFFFFFFFFFFFFFF


@cython.cfunc
@cython.exceptval(check=False)
def precedes(job: Job, other: Job) -> cython.bint:
    """Tell whether a job is served before another."""
    if job.pri != other.pri:
        return job.pri < other.pri
    return job.id < other.id


@cython.final
@cython.cclass
class Matching:
    """Sessions by number, those that wait in order of arrival, and until when.

    An entry among a tube's waiters, or in `waits`, is live as long as that session
    still waits under that key.
    """

    def __init__(self, store: Store, turn: Turn) -> None:
        self.store = store
        self.turn = turn
        self.sessions: dict[int, Session] = {}
        self.waits = Heap()
        self.waiting = 0
        self.order = 0

    @cython.ccall
    def best(self, session: Session) -> Job | None:
        """Give the least (pri, id) that is ready for a session."""
        best: Job | None = None
        tube: Tube
        job: Job | None
        for tube in session.watched:
            if tube.counts[READY] == 0 or tube.pause_until:
                continue
            job = self.store.index.top(tube, READY)
            if job is None:
                continue
            if best is None or precedes(job, best):
                best = job
        return best

    def available(self, session: Session) -> int:
        """Count the jobs that `best` could give one after the other."""
        tube: Tube
        count: cython.ulonglong = 0
        for tube in session.watched:
            if not tube.pause_until:
                count += tube.counts[READY]
        return count

    @cython.ccall
    def give(self, session: Session, job: Job) -> cython.void:
        """Reserve a job for a session, or for its lease."""
        until: cython.ulonglong = self.turn.now + job.ttr
        self.turn.batch.reserve(job.id, until, session.lease)
        if session.lease is None:
            self.store.apply_reserve(job, until, session, None)
        else:
            self.store.apply_reserve(job, until, None, session.lease)
        self.turn.show(session)
        session.say_reserved(job.id, job.body, job.extra)

    # Waiting.

    @cython.ccall
    def wait(self, session: Session, until: cython.ulonglong) -> cython.void:
        """Let a session wait on all tubes that it watches; NEVER is no time limit."""
        tube: Tube
        self.order += 1
        self.waiting += 1
        session.waiting = True
        session.wait_order = self.order
        session.wait_until = until
        for tube in session.watched:
            tube.waiting += 1
            tube.line().push(self.order, session.number)
        if until != NEVER:
            self.waits.push(until, session.number)

    @cython.ccall
    def stop_waiting(self, session: Session) -> cython.void:
        """A session does not wait any more."""
        tube: Tube
        self.waiting -= 1
        session.waiting = False
        for tube in session.watched:
            tube.waiting -= 1
            self._sweep(tube.line(), tube.waiting)
        self._sweep(self.waits, self.waiting)

    @cython.cfunc
    def _live(self, heap: Heap, at: cython.Py_ssize_t) -> Session | None:
        session: Session | None = self.sessions.get(heap.id(at))
        if session is None or not session.waiting:
            return None
        key: cython.ulonglong = session.wait_order
        if heap is self.waits:
            key = session.wait_until
        return session if heap.key(at) == key else None

    @cython.cfunc
    def _sweep(self, heap: Heap, live: cython.ulonglong) -> cython.void:
        kept: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        if cython.cast(cython.ulonglong, heap.size) <= 2 * live + SLACK:
            return
        for at in range(heap.size):
            if self._live(heap, at) is not None:
                heap.keep(kept, at)
                kept += 1
        heap.rebuild(kept)

    @cython.cfunc
    def _first(self, heap: Heap) -> Session | None:
        session: Session | None
        while heap.size:
            session = self._live(heap, 0)
            if session is not None:
                return session
            heap.pop()
        return None

    # Serving those who wait.

    @cython.ccall
    def serve(self, tube: Tube) -> cython.void:
        """Give a tube's ready jobs to its waiters, as far as both go."""
        job: Job | None
        while tube.waiting and tube.counts[READY] and not tube.pause_until:
            job = self.store.index.top(tube, READY)
            self._give_first(tube, cython.cast(Job, job))

    @cython.cfunc
    def _give_first(self, tube: Tube, job: Job) -> cython.void:
        """Give a job to the session that has waited longest; there is one."""
        session: Session | None = self._first(tube.line())
        self.stop_waiting(cython.cast(Session, session))
        self.give(cython.cast(Session, session), job)

    @cython.ccall
    def serve_ripe(self) -> cython.void:
        """Do the same for all tubes that became ripe, the least (pri, id) first."""
        ripe: list[Tube] = self.turn.ripe
        if not ripe:
            return
        self.turn.ripe = []
        heads: Heap = Heap()
        tube: Tube
        job: Job
        for tube in ripe:
            self._push_head(heads, tube)
        while heads.size:
            job = cython.cast(Job, self.store.index.find(heads.id(0)))
            heads.pop()
            tube = job.tube
            # A tube may be ripe twice; its first job is another one by then.
            if tube.waiting and self.store.index.top(tube, READY) is job:
                self._give_first(tube, job)
                self._push_head(heads, tube)

    @cython.cfunc
    def _push_head(self, heads: Heap, tube: Tube) -> cython.void:
        job: Job | None = None
        if tube.waiting and not tube.pause_until:
            job = self.store.index.top(tube, READY)
        if job is not None:
            heads.push(job.pri, job.id)

    @cython.ccall
    def warn(self) -> cython.void:
        """Tell waiting sessions that a job they hold is in its last second."""
        session: Session
        warned: list[Session] = self.turn.warned
        self.turn.warned = []
        for session in warned:
            if session.waiting:
                self.stop_waiting(session)
                self.turn.speak(session)
                session.say_deadline_soon()

    @cython.ccall
    def time_out(self, now: cython.ulonglong) -> cython.void:
        """Tell sessions that have waited long enough."""
        session: Session | None = self._first(self.waits)
        while session is not None and session.wait_until <= now:
            self.stop_waiting(session)
            self.turn.speak(session)
            session.say_timed_out()
            session = self._first(self.waits)

    @cython.ccall
    def next(self) -> cython.ulonglong:
        """Give the moment at which the next session has waited long enough."""
        session: Session | None = self._first(self.waits)
        return NEVER if session is None else session.wait_until
