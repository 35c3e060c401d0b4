"""One job's life, followed command by command for as long as it can be explained.

A command has its effect at some moment between its call and its reply. So at each reply
every order is tried in which the commands in flight, the clock and closed connections
may have acted; what agrees with the reply is believed from there on. A job is followed
up to its first violation: what comes behind would only repeat it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from penstock.testing.beliefs import (
    ABSENT,
    BURIED,
    DELAYED,
    GONE,
    READY,
    REFUSALS,
    RESERVED,
    UNCERTAIN,
    Belief,
    Facts,
    apply,
    crashed,
    differences,
    in_time,
)
from penstock.testing.history import FAR, History, Operation

LOST = "lost"
RETURNED = "returned"
ALTERED = "altered"
DOUBLED = "doubled"
EXCLUSION = "exclusion"

# Fields of stats-job that account for redeliveries.
ACCOUNTS = frozenset(("reserves", "timeouts", "reason"))
# Possibilities of one job, from where on it is given up.
MOST = 5000

# Verbs that may have an effect on this job or on another one.
CHOOSING = frozenset(("kick", "reserve", "reserve-with-timeout"))

CALL, REPLY, DRAINED = range(3)


class Violation(NamedTuple):
    """A promise that was broken: which, to which job, how it showed."""

    kind: str
    id: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: job {self.id}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Certainty:
    """While nothing touched it, a job was surely ready or buried, with that pri.

    `by` is the command that buried it.
    """

    id: int
    tube: str
    stage: str
    pri: int
    by: int
    life: int
    since: int
    until: int


class _Moment(NamedTuple):
    """Something that matters to a job, in order."""

    life: int
    at: int
    kind: int
    number: int
    operation: Operation | None


def _moments(operations: Iterable[Operation]) -> list[_Moment]:
    found = []
    for o in operations:
        found.append(_Moment(o.life, o.called, CALL, o.number, o))
        if o.words:
            found.append(_Moment(o.life, o.answered, REPLY, o.number, o))
    return found


class Lifeline:
    """Follows one job. `operations` are those that name it, in answers too, and those
    that may have chosen it: kicks, and reserves that were never answered."""

    def __init__(
        self, facts: Facts, operations: Sequence[Operation], history: History
    ) -> None:
        self.facts = facts
        self.violation: Violation | None = None
        self.certain: list[Certainty] = []
        self.redelivered: Counter[str] = Counter()
        self.gave_up = False
        self._history = history
        self._operations = operations
        self._beliefs = {Belief()}
        self._pending: dict[int, Operation] = {}
        self._life = 0
        self._since = 0
        self._reserved_in = 0  # the life of its last delivery

    def follow(self) -> None:
        """Go through the job's life."""
        moments = _moments(self._operations)
        for life in self._history.lives.values():
            if life.drained < FAR:
                drained = _Moment(life.number, life.drained, DRAINED, 0, None)
                moments.append(drained)
        for moment in sorted(moments):
            if self.violation is not None or self.gave_up:
                return
            self._take(moment)
        # Nobody asked for it again, and yet it stood in line.
        while self._life < max(self._history.lives) and self._may_be_there():
            self._restart()
        self._stop_being_certain(FAR)

    def _may_be_there(self) -> bool:
        return any(belief.is_there for belief in self._beliefs)

    def _take(self, moment: _Moment) -> None:
        while self._life < moment.life:
            self._restart()
        if moment.operation is None:
            self._drained(moment.at)
        elif moment.kind == CALL:
            self._stop_being_certain(moment.at)
            self._pending[moment.number] = moment.operation
        else:
            self._reply(moment.operation)
            self._begin_being_certain(moment.at)

    # What may have happened.

    def _grown(self, now: int) -> set[Belief]:
        """Give everything that may be true by now."""
        grown = set(self._beliefs)
        fresh = list(self._beliefs)
        while fresh:
            belief = fresh.pop()
            for new in self._steps(belief, now):
                if new not in grown:
                    grown.add(new)
                    fresh.append(new)
            if len(grown) > MOST:
                self.gave_up = True
                break
        return grown

    def _steps(self, belief: Belief, now: int) -> Iterable[Belief]:
        ending = self._history.endings.get(belief.holder)
        yield from in_time(belief, now, ending)
        for number, operation in self._pending.items():
            if number not in belief.done and not self._must_wait(operation, belief):
                after = apply(belief, operation, self.facts)
                if after is not None:
                    yield after

    def _must_wait(self, operation: Operation, belief: Belief) -> bool:
        """Tell whether an earlier command of the same connection comes first."""
        return any(
            earlier.connection == operation.connection
            and number < operation.number
            and number not in belief.done
            and earlier.verb not in CHOOSING
            for number, earlier in self._pending.items()
        )

    def _reply(self, operation: Operation) -> None:
        if operation.verb == "kick" or operation.answer in UNCERTAIN:
            self._perhaps(operation)
            return
        grown = self._grown(operation.answered)
        fitting = {belief for belief in grown if operation.number in belief.done}
        if not fitting and not self.gave_up:
            self._blame(operation, grown)
        elif operation.answer == "RESERVED":
            self._count(fitting)
        self._settle(operation, fitting)

    def _perhaps(self, operation: Operation) -> None:
        """A kick of so many may have met this job or not; after an error, anything."""
        stages = {belief.stage for belief in self._beliefs}
        beliefs = self._beliefs
        # Most kicks are of other jobs: that is told without trying everything.
        alone = operation.verb == "kick" and len(self._pending) == 1
        if not alone or stages & {BURIED, DELAYED}:
            beliefs = self._grown(operation.answered)
        self._settle(operation, beliefs)

    def _settle(self, operation: Operation, beliefs: set[Belief]) -> None:
        del self._pending[operation.number]
        number = {operation.number}
        self._beliefs = {
            belief._replace(done=belief.done - number) if belief.done else belief
            for belief in beliefs
        }

    def _restart(self) -> None:
        """The server has ended, and runs again or will."""
        self._stop_being_certain(FAR)
        self._life += 1
        life = self._history.lives.get(self._life)
        if life is None:
            return
        self._beliefs = {crashed(belief) for belief in self._grown(life.began)}
        self._pending.clear()
        self._begin_being_certain(life.began)

    def _drained(self, now: int) -> None:
        """Whatever was left has been reserved and deleted."""
        gone = {belief for belief in self._grown(now) if not belief.is_there}
        if not gone and not self.gave_up:
            sentence = "acknowledged, never deleted, not found in the final drain"
            self.violation = Violation(LOST, self.facts.id, sentence)
        self._beliefs = gone

    def _count(self, fitting: set[Belief]) -> None:
        """Count a redelivery by its reason.

        A crash may forget that a job was held, and with that what it came back from.
        """
        if self._reserved_in:
            reasons = frozenset[str]().union(*(belief.reasons for belief in fitting))
            why = " or ".join(sorted(reasons))
            if "restart" in reasons or (
                why == "none" and self._reserved_in < self._life
            ):
                why = "restart"
            self.redelivered[why] += 1
        self._reserved_in = self._life

    # What is certain.

    def _begin_being_certain(self, now: int) -> None:
        self._since = FAR if self._pending else now

    def _stop_being_certain(self, now: int) -> None:
        alike = {(b.stage, b.pri, b.by) for b in self._beliefs}
        if self._since < now and len(alike) == 1:
            stage, pri, by = alike.pop()
            if stage in (READY, BURIED):
                facts, life, since = self.facts, self._life, self._since
                self.certain.append(
                    Certainty(facts.id, facts.tube, stage, pri, by, life, since, now)
                )
        self._since = FAR

    # What is wrong.

    def _blame(self, operation: Operation, grown: set[Belief]) -> None:
        kind, sentence = self._verdict(operation, grown)
        sentence = f"{operation}: {sentence}"
        self.violation = Violation(kind, self.facts.id, sentence)

    def _verdict(self, operation: Operation, grown: set[Belief]) -> tuple[str, str]:
        there = [belief for belief in grown if belief.is_there]
        if operation.answer == "NOT_FOUND":
            return self._missing(operation)
        if not there:
            deleted = {belief.by for belief in grown if belief.stage == GONE}
            return RETURNED, f"deleted by #{max(deleted, default=0)}"
        if operation.answer == "OK":
            return self._differs(operation, there)
        return _misplaced(operation, there)

    def _missing(self, operation: Operation) -> tuple[str, str]:
        """Somebody was told that there is no such job, or none for him."""
        if operation.verb not in ("peek", "stats-job") and self._shows_later(operation):
            if operation.verb == "kick-job":
                return ALTERED, "it was buried or delayed"
            return EXCLUSION, "nobody else had a reason to hold it"
        return LOST, "acknowledged and never deleted"

    def _shows_later(self, operation: Operation) -> bool:
        answers = ("NOT_FOUND", *UNCERTAIN, *REFUSALS)
        return any(
            later.called > operation.called and later.answer not in answers
            for later in self._operations
            if later.verb not in CHOOSING or later.answer == "RESERVED"
        )

    def _differs(self, operation: Operation, there: list[Belief]) -> tuple[str, str]:
        """Say what statistics tell that nothing explains, by the closest belief."""
        closest = min(there, key=lambda b: len(differences(b, operation, self.facts)))
        names = differences(closest, operation, self.facts)
        told = ", ".join(f"{name} {operation.fields[name]}" for name in names)
        right = ", ".join(_right(closest, name) for name in names)
        kind = DOUBLED if set(names) <= ACCOUNTS else ALTERED
        return kind, f"it has {told}, and should have {right}"


def _listed(stages: set[str]) -> str:
    return " or ".join(sorted(stages - {ABSENT}))


def _misplaced(operation: Operation, there: list[Belief]) -> tuple[str, str]:
    """Say why a job cannot have been where an answer says it was."""
    stages = {belief.stage for belief in there}
    if operation.answer == "RESERVED" and RESERVED in stages:
        holders = {belief.holder for belief in there if belief.holder}
        if operation.connection in holders:
            return DOUBLED, "its holder had it already"
        return EXCLUSION, f"connection {max(holders)} holds it"
    if operation.verb in ("release", "bury", "touch", "delete"):
        return EXCLUSION, f"not its to {operation.verb}: {_listed(stages)}"
    return ALTERED, f"it was {_listed(stages)}"


def _right(belief: Belief, field: str) -> str:
    """Say what a field of stats-job should have been."""
    if field == "reason":
        return f"reason {' or '.join(sorted(belief.reasons))}"
    if field in ("reserves", "timeouts"):
        least, most = getattr(belief, field)
        return f"{field} {least}" + (f" to {most}" if most > least else "")
    value = belief.stage if field == "state" else getattr(belief, field, "another")
    return f"{field} {value}"
