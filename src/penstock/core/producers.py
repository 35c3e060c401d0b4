"""Puts: a job is accepted, refused by a bound, or there already."""

import cython

from penstock.core.counters import Counters
from penstock.core.index import Index
from penstock.core.matching import Matching
from penstock.core.policy import ONCE, Policy, dedup_of, once_name
from penstock.core.records import Record
from penstock.core.rules import Rules
from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.kinds import SET
    from penstock.core.policy import ADMITTED, DRAINING, FULL

TTR = 60_000_000_000  # nanoseconds, where neither put nor tube says


@cython.final
@cython.cclass
class Producers:
    """What puts need from the engine."""

    def __init__(
        self,
        store: Store,
        turn: Turn,
        matching: Matching,
        policy: Policy,
        counters: Counters,
    ) -> None:
        self.store = store
        self.index: Index = store.index
        self.turn = turn
        self.matching = matching
        self.policy = policy
        self.counters = counters

    @cython.ccall
    def mark(self, session: Session) -> cython.void:
        """Count a session among the producers from now on."""
        if not session.producer:
            session.producer = True
            self.counters.current_producers += 1

    @cython.ccall
    def burn_id(self) -> cython.void:
        """Give the next id to nobody: its put has failed."""
        self.store.next_id += 1

    @cython.ccall
    def put(
        self,
        session: Session,
        pri: cython.uint,
        delay: cython.ulonglong,
        ttr: cython.ulonglong,
        attributes: bytes,
        body: bytes,
    ) -> cython.void:
        """Accept a job into the used tube."""
        tube: Tube = session.used
        id: cython.ulonglong = self.store.next_id
        now: cython.ulonglong = self.turn.now
        due: cython.ulonglong = now + delay if delay else 0
        verdict: cython.uint = ADMITTED
        if tube.rules is not None:
            verdict = self.policy.admits_into(tube, len(body), 1)
            attributes = self.policy.stamped(tube, attributes, now)
        if attributes and self._has_twin(session, tube, attributes):
            return
        if verdict == ADMITTED:
            verdict = self.policy.admits(len(body))
        if verdict != ADMITTED:
            self._refuse(session, verdict)
            return
        self.turn.batch.put(id, tube.name, pri, now, delay, due, ttr, attributes, body)
        self.store.apply_put(id, tube, pri, now, delay, due, ttr, attributes, body)
        self.counters.total_jobs += 1
        tube.note_put()
        self.turn.show(session)
        session.say_inserted(id)
        if tube.waiting:
            self.matching.serve(tube)

    def put_once(
        self,
        session: Session,
        pri: int,
        delay: int,
        ttr: int,
        attributes: bytes,
        body: bytes,
        key: bytes,
        window: int,
    ) -> None:
        """Accept a job unless one with that key was put there so long ago at most,
        whatever became of it."""
        found = self.policy.twin(session.used.name, key, self.turn.now)
        if found:
            self._say_exists(session, found)
            return
        name = once_name(session.used.name, key)
        id = self.store.next_id
        value = id.to_bytes(8, "little")
        if not self.store.records.has_room(ONCE, {name: value}):
            self._refuse(session, FULL)
            return
        self.put(session, pri, delay, ttr, attributes, body)
        if self.index.find(id) is not None:
            expires = self.turn.now + window
            self.turn.batch.set(SET, ONCE, name, value, expires)
            self.store.apply_set(Record(ONCE, name, value, expires))

    @cython.ccall
    def default_ttr(self, session: Session) -> cython.ulonglong:
        """Give the ttr of a put that names none."""
        rules: Rules | None = session.used.rules
        return rules.ttr if rules is not None and rules.ttr else TTR

    @cython.cfunc
    def _has_twin(self, session: Session, tube: Tube, attributes: bytes) -> cython.bint:
        """Tell whether a job has the key that this one is to have; if so, say it."""
        dedup: bytes | None = dedup_of(attributes)
        if dedup is None:
            return False
        id: cython.ulonglong = self.policy.twin(tube.name, dedup, self.turn.now)
        if id:
            self._say_exists(session, id)
        return id != 0

    @cython.cfunc
    def _say_exists(self, session: Session, id: cython.ulonglong) -> cython.void:
        self.turn.show(session)
        session.say_exists(id)

    @cython.cfunc
    def _refuse(self, session: Session, verdict: cython.uint) -> cython.void:
        self.burn_id()
        if session.used.rules is not None:
            self.turn.show(session)  # it tells of a policy, and of jobs
        if verdict == DRAINING:
            session.say_draining()
        else:
            session.say_out_of_memory()
