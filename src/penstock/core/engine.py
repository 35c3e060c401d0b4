"""Commands: each checks, decides, stages its events, applies them, and answers.

The engine is a function of its inputs. Commands and a time go in; events go into the
turn's batch and answers into the outboxes of sessions. The same arguments that make an
event's bytes are handed to the store, which alone changes durable state, so a replay of
the events makes the same engine. Nothing here reads a clock or does I/O.

Durations and moments are nanoseconds; every value was range-checked by the wire.
"""

import cython

from penstock.core.counters import Counters
from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.ledger import Ledger
from penstock.core.lifetime import Lifetime
from penstock.core.matching import Matching
from penstock.core.policy import Policy
from penstock.core.producers import Producers
from penstock.core.retirement import Retirement
from penstock.core.session import Reservation, Session
from penstock.core.store import Store
from penstock.core.timers import Timers
from penstock.core.tube import Tube
from penstock.core.turn import Turn
from penstock.core.views import Views

if not cython.compiled:
    from penstock.core.job import (
        BURIED,
        BY_CLIENT,
        BY_CLOSE,
        DELAYED,
        READY,
        RESERVED,
    )
    from penstock.core.kinds import PAUSE
    from penstock.core.matching import NEVER

    SLICE = 2000  # things that one tick does before others have their turn
    MOST_KICKED = 1000  # ids in one KICK


@cython.final
@cython.cclass
class Engine:
    """The queue. `producers` takes jobs in, `views` answers questions, `ledger` keeps
    what others attach."""

    def __init__(self) -> None:
        self.store = Store()
        self.index: Index = self.store.index
        self.turn = Turn()
        self.counters = Counters()
        self.policy = Policy(self.store)
        self.matching = Matching(self.store, self.turn)
        self.timers = Timers(self.store, self.turn, self.counters)
        self.retirement: Retirement = self.timers.retirement
        self.producers = Producers(
            self.store, self.turn, self.matching, self.policy, self.counters
        )
        self.views = Views(self.store, self.turn, self.matching, self.counters)
        self.lifetime = Lifetime(self.store, self.turn)
        self.ledger = Ledger(
            self.store,
            self.turn,
            self.matching,
            self.lifetime,
            self.policy,
            self.counters,
        )
        self.next_session = 1

    # Time.

    @cython.ccall
    def tick(self, now: cython.ulonglong) -> cython.ulonglong:
        """Do what is due; return when to call again."""
        self.turn.now = max(self.turn.now, now)
        now = self.turn.now
        rest: cython.Py_ssize_t = self.timers.run(now, SLICE)
        self.matching.serve_ripe()
        while self.turn.loosened:
            self.lifetime.settle(self.turn.loosened.pop())
        self.matching.warn()
        self.matching.time_out(now)
        return now if rest <= 0 else self.next_moment()

    @cython.ccall
    def next_moment(self) -> cython.ulonglong:
        """Give the earliest moment at which `tick` may have something to do."""
        return min(self.timers.next(), self.matching.next())

    # Sessions.

    @cython.ccall
    def open(self, session: Session) -> cython.void:
        """A client is here: it uses and watches the tube it was made with."""
        session.used.using += 1
        session.used.watching += 1
        session.number = self.next_session
        self.next_session += 1
        self.matching.sessions[session.number] = session
        self.counters.total_connections += 1

    @cython.ccall
    def close(self, session: Session) -> cython.void:
        """A client is gone: what it held is ready again, first reserved first."""
        tube: Tube
        if session.closed:
            return
        session.closed = True
        if session.waiting:
            self.matching.stop_waiting(session)
        del self.matching.sessions[session.number]
        while session.first is not None:
            self._hand_back(session.first)
        session.used.using -= 1
        self.lifetime.settle(session.used)
        for tube in session.watched:
            tube.watching -= 1
            self.lifetime.settle(tube)
        if session.producer:
            self.counters.current_producers -= 1
        if session.worker:
            self.counters.current_workers -= 1

    @cython.cfunc
    def _hand_back(self, reservation: Reservation) -> cython.void:
        job: Job = cython.cast(Job, self.index.find(reservation.id))
        self.turn.batch.give_back(job.id, BY_CLOSE, False)
        self.store.apply_return(job, BY_CLOSE)
        self.retirement.returned(job)
        self.matching.serve(job.tube)

    # Consumers.

    @cython.ccall
    def mark_worker(self, session: Session) -> cython.void:
        """Count a session among the workers from now on."""
        if not session.worker:
            session.worker = True
            self.counters.current_workers += 1

    @cython.ccall
    def reserve(self, session: Session, timeout: cython.ulonglong) -> cython.void:
        """Take the first ready job of the watched tubes, or wait; NEVER is for ever."""
        self.mark_worker(session)
        job: Job | None = self.matching.best(session)
        if job is not None:
            self.matching.give(session, job)
        elif session.soon:
            session.say_deadline_soon()
        elif timeout == 0:
            session.say_timed_out()
        elif timeout == NEVER:
            self.matching.wait(session, NEVER)
        else:
            self.matching.wait(session, self.turn.now + timeout)

    def reserve_many(self, session: Session, count: int, timeout: int) -> None:
        """Take the first ready jobs of the watched tubes, up to `count`; where there is
        none, wait for one."""
        there = min(count, self.matching.available(session))
        if there == 0:
            session.announces = True
            self.reserve(session, timeout)
            return
        self.mark_worker(session)
        self.turn.show(session)
        session.say_batch(there)
        for _ in range(there):
            job: Job | None = self.matching.best(session)
            self.matching.give(session, cython.cast(Job, job))

    @cython.ccall
    def give_up(self, session: Session) -> cython.void:
        """End a session's waiting: its client will say nothing more."""
        if session.waiting:
            self.matching.stop_waiting(session)
            session.say_timed_out()

    @cython.ccall
    def reserve_job(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Take one job by its id: ready, delayed or buried, from any tube."""
        job: Job | None = self.index.find(id)
        if job is None or job.state not in (READY, DELAYED, BURIED):
            self._not_found(session)
            return
        self.mark_worker(session)
        self.matching.give(session, job)

    @cython.cfunc
    def _held(self, session: Session, id: cython.ulonglong) -> Job | None:
        """Give a job that this session holds; else say that there is none."""
        job: Job | None = self.index.find(id)
        if job is None or job.state != RESERVED or not session.holds(job.holder):
            self._not_found(session)
            return None
        return job

    @cython.cfunc
    def _not_found(self, session: Session) -> cython.void:
        self.turn.show(session)
        session.say_not_found()

    @cython.ccall
    def delete(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Remove a job that nobody else holds."""
        if self.remove(session, id):
            self.turn.show(session)
            session.say_deleted()
        else:
            self._not_found(session)

    @cython.ccall
    def remove(self, session: Session, id: cython.ulonglong) -> cython.bint:
        """Do the same, and tell whether there was such a job."""
        job: Job | None = self.index.find(id)
        if job is None or (job.state == RESERVED and not session.holds(job.holder)):
            return False
        tube: Tube = job.tube
        self.turn.batch.delete(id, BY_CLIENT)
        self.store.apply_delete(job)
        tube.note_delete()
        self.lifetime.settle(tube)
        return True

    @cython.ccall
    def release(
        self,
        session: Session,
        id: cython.ulonglong,
        pri: cython.uint,
        delay: cython.ulonglong,
    ) -> cython.void:
        """Give a held job back: ready, or delayed."""
        job: Job | None = self._held(session, id)
        if job is None:
            return
        due: cython.ulonglong = self.turn.now + delay if delay else 0
        self.turn.batch.release(id, pri, delay, due)
        self.store.apply_release(job, pri, delay, due)
        self.retirement.returned(job)
        self.turn.show(session)
        session.say_released()
        self.matching.serve(job.tube)

    @cython.ccall
    def bury(
        self, session: Session, id: cython.ulonglong, pri: cython.uint
    ) -> cython.void:
        """Put a held job last in its tube's line of buried ones."""
        job: Job | None = self._held(session, id)
        if job is None:
            return
        place: cython.ulonglong = self.store.next_place
        self.turn.batch.bury(id, pri, BY_CLIENT, place)
        self.store.apply_bury(job, pri, BY_CLIENT, place)
        self.retirement.lapse(job)
        self.turn.show(session)
        session.say_buried()

    @cython.ccall
    def touch(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Let a held job's ttr begin anew."""
        job: Job | None = self._held(session, id)
        if job is None:
            return
        until: cython.ulonglong = self.turn.now + job.ttr
        self.turn.batch.touch(id, until, self.index.holder(job).token)
        self.store.apply_touch(job, until)
        self.turn.show(session)
        session.say_touched()

    # Back to ready.

    @cython.ccall
    def kick(self, session: Session, bound: cython.ulonglong) -> cython.void:
        """Make up to `bound` jobs of the used tube ready: the buried ones, first buried
        first; where there are none, the delayed ones, first due first."""
        tube: Tube = session.used
        state: cython.uint = BURIED if tube.counts[BURIED] else DELAYED
        kicked: cython.ulonglong = 0
        ids: list[int] = []
        job: Job | None = self.index.top(tube, state)
        while kicked < bound and job is not None:
            self.store.apply_kick(job)
            ids.append(job.id)
            kicked += 1
            if len(ids) == MOST_KICKED:
                self.turn.batch.kick(ids)
                ids = []
            job = self.index.top(tube, state)
        if ids:
            self.turn.batch.kick(ids)
        self.turn.show(session)
        session.say_kicked(kicked)
        self.matching.serve(tube)

    @cython.ccall
    def kick_job(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Make one buried or delayed job ready, in any tube."""
        job: Job | None = self.index.find(id)
        if job is None or job.state not in (BURIED, DELAYED):
            self._not_found(session)
            return
        self.turn.batch.kick([id])
        self.store.apply_kick(job)
        self.turn.show(session)
        session.say_kicked_job()
        self.matching.serve(job.tube)

    @cython.ccall
    def pause_tube(
        self, session: Session, name: bytes, length: cython.ulonglong
    ) -> cython.void:
        """Let nothing be reserved from a tube for that long; 0 resumes at once."""
        tube: Tube | None = self.index.tubes.get(name)
        if tube is None:
            self._not_found(session)
            return
        until: cython.ulonglong = self.turn.now + length if length else 0
        tube.cmd_pause_tube += 1
        self.turn.batch.pause(PAUSE, name, length, until)
        self.store.apply_pause(tube, length, until)
        self.turn.show(session)
        session.say_paused()
        self.matching.serve(tube)
