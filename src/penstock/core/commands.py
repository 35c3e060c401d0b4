"""Commands that several programs share through `commit`: what they check, what they do.

Each answers `check` with a refusal or nothing, against the state as it is and as the
commands before it in the same commit will leave it; then `run` stages and applies its
events and gives its result. These serve the programs around the queue and stay plain
Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from penstock.core import checks, kinds
from penstock.core import job as states
from penstock.core.job import Job
from penstock.core.policy import ADMITTED, DRAINING, OVERHEAD
from penstock.core.records import Record
from penstock.core.retirement import without_dedup
from penstock.core.scope import Scope
from penstock.core.store import POLICIES
from penstock.core.tube import Tube

NOT_FOUND = "not found"
CONFLICT = "conflict"
FULL = "full"
REFUSED_DRAINING = "draining"
TOO_BIG = "job too big"

ANYTHING = object()  # no expectation about a record's value
MOST_NOTE_BYTES = 64 * 1024
CLEARABLE = (states.READY, states.DELAYED, states.BURIED, states.HELD)


class Command(Protocol):
    """What a commit is made of."""

    def check(self, scope: Scope) -> str | None:
        """Tell why this can't be done, or nothing."""

    def run(self, scope: Scope) -> object:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Put:
    """Accept a job; gives its id."""

    tube: bytes
    body: bytes
    pri: int = 0
    delay: int = 0
    ttr: int = 60_000_000_000
    attributes: bytes = b""

    def __post_init__(self) -> None:
        checks.check_tube(self.tube)
        checks.check_number("pri", self.pri, checks.MOST_U32)
        checks.check_number("delay", self.delay, checks.LONGEST)
        checks.check_number("ttr", self.ttr, checks.LONGEST)
        checks.check_attributes(self.attributes)

    def check(self, scope: Scope) -> str | None:
        if len(self.body) > scope.policy.max_job_size:
            return TOO_BIG
        if not scope.claims(self.tube, self.attributes):
            return CONFLICT
        verdict = scope.admits_into(self.tube, len(self.body))
        if verdict == ADMITTED:
            verdict = scope.policy.verdict(scope.added + len(self.body))
        scope.added += len(self.body) + OVERHEAD
        if verdict == ADMITTED:
            return None
        return REFUSED_DRAINING if verdict == DRAINING else FULL

    def run(self, scope: Scope) -> int:
        id, now, due = scope.store.next_id, scope.turn.now, scope.due(self.delay)
        tube = scope.store.index.tube(self.tube)
        attributes = scope.policy.stamped(tube, self.attributes, now)
        rest = (now, self.delay, due, self.ttr, attributes, self.body)
        scope.policy.charge(len(self.body))
        scope.turn.batch.put(id, self.tube, self.pri, *rest)
        scope.store.apply_put(id, tube, self.pri, *rest)
        scope.counters.total_jobs += 1
        tube.note_put()
        scope.touched.append(tube)
        return id


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a job, whoever holds it."""

    id: int
    reason: int = states.BY_CLIENT

    def __post_init__(self) -> None:
        checks.check_number("reason", self.reason, len(states.REASON_NAMES) - 1)

    def check(self, scope: Scope) -> str | None:
        if not scope.state(self.id):
            return NOT_FOUND
        scope.states[self.id] = 0
        return None

    def run(self, scope: Scope) -> None:
        job = scope.job(self.id)
        tube = job.tube
        scope.turn.batch.delete(self.id, self.reason)
        scope.store.apply_delete(job)
        tube.note_delete()
        scope.touched.append(tube)


@dataclass(frozen=True, slots=True)
class Hold:
    """Let a job that nobody holds wait for something other than time."""

    id: int
    reason: bytes = b""

    def check(self, scope: Scope) -> str | None:
        if scope.state(self.id) not in CLEARABLE:
            return NOT_FOUND
        scope.states[self.id] = states.HELD
        return None

    def run(self, scope: Scope) -> None:
        scope.turn.batch.hold(self.id, self.reason)
        scope.store.apply_hold(scope.job(self.id), self.reason)


@dataclass(frozen=True, slots=True)
class Free:
    """Let a held job be ready, or delayed."""

    id: int
    delay: int = 0

    def __post_init__(self) -> None:
        checks.check_number("delay", self.delay, checks.LONGEST)

    def check(self, scope: Scope) -> str | None:
        if scope.state(self.id) != states.HELD:
            return NOT_FOUND
        scope.states[self.id] = states.DELAYED if self.delay else states.READY
        return None

    def run(self, scope: Scope) -> None:
        job, due = scope.job(self.id), scope.due(self.delay)
        scope.turn.batch.free(self.id, due)
        scope.store.apply_free(job, due)
        scope.touched.append(job.tube)


@dataclass(frozen=True, slots=True)
class Change:
    """Move a job that nobody holds, or give it another pri, delay or attributes."""

    id: int
    tube: bytes | None = None
    pri: int | None = None
    delay: int | None = None
    attributes: bytes | None = None

    def __post_init__(self) -> None:
        if self.tube is not None:
            checks.check_tube(self.tube)
        checks.check_number("pri", self.pri or 0, checks.MOST_U32)
        checks.check_number("delay", self.delay or 0, checks.LONGEST)
        checks.check_attributes(self.attributes or b"")

    def check(self, scope: Scope) -> str | None:
        if scope.state(self.id) not in CLEARABLE:
            return NOT_FOUND
        if self.delay is not None:
            after = states.DELAYED if self.delay else states.READY
            scope.states[self.id] = after
        return None

    def _mask(self, attributes: bytes | None) -> int:
        given = (
            (self.tube, kinds.CHANGE_TUBE),
            (self.pri, kinds.CHANGE_PRI),
            (self.delay, kinds.CHANGE_DUE),
            (attributes, kinds.CHANGE_ATTRIBUTES),
        )
        return sum(bit for value, bit in given if value is not None)

    def _attributes(self, job: Job) -> bytes | None:
        """Give what the job is to have: in another tube its dedup key goes."""
        moves = self.tube is not None and self.tube != job.tube.name
        has_key = job.extra is not None and job.extra.dedup is not None
        if self.attributes is None and moves and has_key:
            return without_dedup(job)
        return self.attributes

    def run(self, scope: Scope) -> None:
        job, old = scope.job(self.id), scope.job(self.id).tube
        tube = scope.store.index.tube(old.name if self.tube is None else self.tube)
        attributes = self._attributes(job)
        mask = self._mask(attributes)
        rest = (self.pri or 0, scope.due(self.delay or 0), attributes or b"")
        scope.turn.batch.change(self.id, mask, tube.name, *rest)
        scope.store.apply_change(job, mask, tube, *rest)
        scope.touched.append(old)
        scope.touched.append(tube)


@dataclass(frozen=True, slots=True)
class Clear:
    """Remove all jobs of a tube that are in those states; gives their number. What a
    commit does to single jobs has to come before."""

    tube: bytes
    states: tuple[int, ...] = CLEARABLE

    def check(self, scope: Scope) -> str | None:
        known = self.tube in scope.store.index.tubes
        if not known or not set(self.states) <= set(CLEARABLE):
            return NOT_FOUND
        scope.cleared = True
        return None

    def run(self, scope: Scope) -> int:
        tube: Tube = scope.store.index.tubes[self.tube]
        up_to = scope.store.next_id - 1
        scope.store.wake(tube, scope.turn.now)
        meant = [state for state in CLEARABLE if state in self.states]
        mask = sum(1 << state for state in meant)
        cleared = sum(tube.count(state) for state in meant)
        scope.turn.batch.clear_tube(self.tube, mask, up_to, scope.turn.now)
        scope.store.apply_clear(tube, mask, up_to, scope.turn.now)
        scope.touched.append(tube)
        return cleared


@dataclass(frozen=True, slots=True)
class Note:
    """Attach bytes to a job under a namespace; empty ones take the note away."""

    id: int
    namespace: bytes
    value: bytes
    hard: bool = True

    def __post_init__(self) -> None:
        checks.check_namespace(self.namespace)

    def check(self, scope: Scope) -> str | None:
        if not scope.state(self.id):
            return NOT_FOUND
        return FULL if len(self.value) > MOST_NOTE_BYTES else None

    def run(self, scope: Scope) -> None:
        scope.turn.batch.note(self.id, self.namespace, self.value, self.hard)
        scope.store.apply_note(scope.job(self.id), self.namespace, self.value)


@dataclass(frozen=True, slots=True)
class Set:
    """Set a record; `expected` is the value it must have now, None for absent."""

    namespace: bytes
    key: bytes
    value: bytes
    lifetime: int = 0
    expected: object = ANYTHING

    def __post_init__(self) -> None:
        checks.check_namespace(self.namespace)
        checks.check_number("lifetime", self.lifetime, checks.LONGEST)
        if self.namespace == POLICIES:
            checks.check_tube(self.key)

    def check(self, scope: Scope) -> str | None:
        now = scope.value(self.namespace, self.key)
        if self.expected is not ANYTHING and self.expected != now:
            return CONFLICT
        scope.values[self.namespace, self.key] = self.value
        changes = scope.changes(self.namespace)
        return None if scope.store.records.has_room(self.namespace, changes) else FULL

    def run(self, scope: Scope) -> None:
        expires = scope.due(self.lifetime)
        given = (self.namespace, self.key, self.value, expires)
        scope.turn.batch.set(kinds.SET, *given)
        scope.store.apply_set(Record(*given))


@dataclass(frozen=True, slots=True)
class Unset:
    """Remove a record."""

    namespace: bytes
    key: bytes

    def __post_init__(self) -> None:
        checks.check_namespace(self.namespace)

    def check(self, scope: Scope) -> str | None:
        if scope.value(self.namespace, self.key) is None:
            return NOT_FOUND
        scope.values[self.namespace, self.key] = None
        return None

    def run(self, scope: Scope) -> None:
        scope.turn.batch.unset(self.namespace, self.key)
        scope.store.apply_unset(self.namespace, self.key)
        if self.namespace == POLICIES:
            scope.touched.append(scope.store.index.tube(self.key))
