"""Verdicts over what a server was asked and answered, through all its lives.

    verdict = check(read_history(path, ...))
    assert not verdict.violations, verdict

Violations are

lost        acknowledged and never deleted, yet a look or the final drain missed it
returned    acknowledged as deleted, and there again
invented    there, and nobody put it
altered     body, tube, pri, delay, ttr, state or counters are not the acknowledged ones
doubled     one put became two jobs, or nothing explains why a job came a second time
exclusion   given to a second holder, or taken from the first, without a reason
reused      an id that another job had before
order       ids that do not ascend, a later job before an earlier one, a pause not kept

A command without a reply may have happened or not, until its server's life has ended;
one without effect is never blamed. `Verdict` also counts what was seen, so that a test
can ask for enough of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.testing.beliefs import REFUSALS, RESERVES, UNCERTAIN, Facts
from penstock.testing.history import FAR, History, Operation
from penstock.testing.lifelines import ALTERED, DOUBLED, Certainty, Lifeline, Violation
from penstock.testing.ordering import REUSED, check_ids, check_order, check_pauses

INVENTED = "invented"

PUT_DONE = ("INSERTED", "BURIED")
SHOWS_BODY = ("RESERVED", "FOUND")


@dataclass
class Verdict:
    """What is wrong, and how much was seen."""

    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    redelivered: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        found = Counter(violation.kind for violation in self.violations)
        seen = ", ".join(f"{n} {name}" for name, n in sorted(self.counts.items()))
        again = ", ".join(f"{n} {name}" for name, n in sorted(self.redelivered.items()))
        wrong = ", ".join(f"{n} {name}" for name, n in sorted(found.items()))
        first = [f"\n  {violation}" for violation in self.violations[:20]]
        return (
            f"{wrong or 'nothing wrong'}; {seen}; redelivered: {again or 'none'}"
            f"{''.join(first)}"
        )


def check(history: History) -> Verdict:
    """Judge one store's history, from its first life to its last."""
    verdict = Verdict()
    jobs = _Jobs(history)
    verdict.violations += check_ids(history) + jobs.violations
    reused = {v.id for v in verdict.violations if v.kind == REUSED}
    certain: list[Certainty] = []
    for id, facts in jobs.facts.items():
        if id in reused:
            continue  # two jobs of one name: nothing said of it is sure
        lifeline = Lifeline(facts, jobs.operations(facts), history)
        altered = _altered(facts, jobs.named[id])
        if altered is None:
            lifeline.follow()
        verdict.violations += [v for v in (altered, lifeline.violation) if v]
        verdict.redelivered += lifeline.redelivered
        verdict.counts["given up"] += lifeline.gave_up
        certain += lifeline.certain
    verdict.violations += check_order(history, certain, jobs.facts)
    verdict.violations += check_pauses(history, jobs.named, jobs.facts)
    verdict.counts += _counts(history)
    return verdict


def _counts(history: History) -> Counter[str]:
    counts = Counter[str]()
    counts["lives"] = len(history.lives)
    for operation in history.operations:
        counts["commands"] += 1
        counts["no reply"] += not operation.words
        if operation.answer in REFUSALS:
            counts["refused"] += 1
        elif operation.verb == "put" and operation.answer in PUT_DONE:
            counts["put"] += 1
        elif operation.answer in ("DELETED", "RESERVED", "RELEASED", "KICKED"):
            counts[operation.answer.lower()] += 1
        elif operation.verb == "bury" and operation.answer == "BURIED":
            counts["buried"] += 1
    return counts


def _altered(facts: Facts, operations: Sequence[Operation]) -> Violation | None:
    """Find a body that is not the one that was put."""
    for operation in operations:
        if operation.answer in SHOWS_BODY and operation.digest != facts.digest:
            sentence = (
                f"{operation}: a body of {operation.size} bytes, {facts.size} put"
            )
            return Violation(ALTERED, facts.id, sentence)
    return None


def _may_be_done(put: Operation) -> bool:
    return put.answer in UNCERTAIN


class _Jobs:
    """Which job every command was about, and which put made it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.violations: list[Violation] = []
        self.facts: dict[int, Facts] = {}
        self.named: dict[int, list[Operation]] = defaultdict(list)
        self._puts: dict[int, list[Operation]] = defaultdict(list)
        self._kicks: dict[str, list[Operation]] = defaultdict(list)
        self._reserves: dict[str, list[Operation]] = defaultdict(list)
        self._unheard: set[int] = set()
        self._open: dict[str, list[Operation]] = defaultdict(list)  # by digest
        self._acknowledged: dict[str, list[Operation]] = defaultdict(list)
        for operation in history.operations:
            self._sort_in(operation)
        for id in sorted(self.named.keys() | self._puts.keys()):
            self._find_put(id)

    def _sort_in(self, o: Operation) -> None:
        if o.verb == "put":
            if o.answer in PUT_DONE:
                self._puts[o.id].append(o)
                self._acknowledged[o.digest].append(o)
            elif _may_be_done(o):
                self._open[o.digest].append(o)
        elif o.verb == "kick":
            if o.answer in UNCERTAIN or o.words[1:] != ("0",):
                self._kicks[o.tube].append(o)
        elif o.verb in RESERVES and o.answer in UNCERTAIN:
            self._reserve(o)
        elif o.id and (o.words or o.verb in CHANGING):
            self.named[o.id].append(o)

    def _reserve(self, o: Operation) -> None:
        """The first reserve that a connection had no answer to stands for the rest."""
        if o.connection not in self._unheard:
            self._unheard.add(o.connection)
            for tube in o.tubes:
                self._reserves[tube].append(o)

    def _find_put(self, id: int) -> None:
        puts = self._puts.get(id, [])
        if len(puts) > 1:
            return  # reused, which check_ids tells
        put = puts[0] if puts else self._unacknowledged(id)
        if put is not None:
            ttr = max(put.ttr, 1)
            self.facts[id] = Facts(id, put.tube, ttr, put.size, put.digest)
            self.named[id].append(put)

    def _unacknowledged(self, id: int) -> Operation | None:
        """Find the put without a reply that made a job which was seen."""
        seen = [o for o in self.named[id] if o.answer not in SAYS_NO]
        if not seen:
            return None
        bodies = {o.digest for o in seen if o.answer in SHOWS_BODY}
        fields = next((o.fields for o in seen if o.fields), {})
        candidates = [o for d in bodies for o in self._open[d]] or (
            [] if bodies else [o for puts in self._open.values() for o in puts]
        )
        for put in candidates:
            if _agrees(put, fields):
                self._open[put.digest].remove(put)
                return put
        twice = [o for d in bodies for o in self._acknowledged[d] if _agrees(o, fields)]
        if twice:
            sentence = f"it has the body of job {twice[0].id}, which was put once"
            self.violations.append(Violation(DOUBLED, id, sentence))
        else:
            self.violations.append(Violation(INVENTED, id, f"{seen[0]}: nobody put it"))
        return None

    def operations(self, facts: Facts) -> list[Operation]:
        """Give what names a job, and as long as it lives what may have chosen it."""
        own = self.named[facts.id]
        begin = min((o.life, o.called) for o in own)
        end = max((o.life, o.answered if o.words else FAR) for o in own)
        if not any(o.answer == "DELETED" for o in own):
            end = (end[0] + len(self._history.lives), FAR)
        kicks = _between(self._kicks[facts.tube], begin, end)
        reserves = _between(self._reserves[facts.tube], begin, end)
        return [*own, *kicks, *reserves]


SAYS_NO = ("NOT_FOUND", *UNCERTAIN, *REFUSALS)
CHANGING = ("delete", "release", "bury", "touch", "kick-job")


def _agrees(put: Operation, fields: dict[str, str]) -> bool:
    """Tell whether statistics may be those of the job that was put."""
    ttr = str(max(put.ttr, 1))
    return not fields or (fields["tube"], fields["ttr"]) == (put.tube, ttr)


def _between(
    operations: list[Operation], begin: tuple[int, int], end: tuple[int, int]
) -> list[Operation]:
    """Give those that may have had an effect in that time; they are in order."""
    keys = [(o.life, o.called) for o in operations]
    first = bisect_left(keys, (begin[0], 0))
    called = operations[first : bisect_left(keys, end)]
    return [o for o in called if (o.life, o.answered) >= begin]
