"""Order: ids ascend, the first job comes first, buried ones keep their line, a paused
tube gives none. Judged only where it is certain: between commands that overlap, either
order is right."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from penstock.testing.beliefs import BURIED, EARLY, READY, SECOND, Facts
from penstock.testing.history import FAR, History, Operation
from penstock.testing.lifelines import Certainty, Violation

REUSED = "reused"
ORDER = "order"


def check_ids(history: History) -> list[Violation]:
    """A put's id is above every id that was known when it was called."""
    found = []
    # Only what was answered before a call is known to come before it.
    answered = sorted(
        (o for o in history.operations if o.id and o.words),
        key=lambda o: (o.life, o.answered),
    )
    known: dict[int, Operation] = {}
    highest, at = 0, 0
    puts = (o for o in history.operations if o.verb == "put" and o.answer in PUT_DONE)
    for put in puts:
        while at < len(answered) and _precedes(answered[at], put):
            before = answered[at]
            at += 1
            if before.answer != "NOT_FOUND":
                highest = max(highest, before.id)
                known.setdefault(before.id, before)
        if put.id in known:
            sentence = f"{put}: {known[put.id]} had it"
            found.append(Violation(REUSED, put.id, sentence))
        elif put.id <= highest:
            found.append(Violation(ORDER, put.id, f"{put}: {highest} was given before"))
    return found


PUT_DONE = ("INSERTED", "BURIED")


def _precedes(first: Operation, second: Operation) -> bool:
    if first.life != second.life:
        return first.life < second.life
    return first.answered < second.called


def check_order(
    history: History, certain: Sequence[Certainty], facts: Mapping[int, Facts]
) -> list[Violation]:
    """Whoever got or saw a first job got the first one."""
    numbers = {o.number: o for o in history.operations if o.verb in ("bury", "put")}
    pauses = _pauses(history)
    lines = _Lines(certain)
    found = []
    for o in history.operations:
        if o.id not in facts:
            continue
        if o.answer == "RESERVED":
            tubes = [t for t in o.tubes if not _may_be_paused(pauses[t], o)]
            found += lines.overtaken(o, tubes)
        elif o.verb == "peek-ready" and o.answer == "FOUND":
            found += lines.overtaken(o, [o.tube])
        elif o.verb == "peek-buried" and o.answer == "FOUND":
            found += _overtaken_buried(o, lines, numbers)
    return found


class _Lines:
    """Jobs that were certainly ready or buried, by tube, as time goes on."""

    def __init__(self, certain: Sequence[Certainty]) -> None:
        self._coming = sorted(certain, key=lambda c: (c.life, c.since), reverse=True)
        self._ready: dict[str, list[tuple[int, int, int, Certainty]]] = defaultdict(
            list
        )
        self.buried: dict[str, dict[int, Certainty]] = defaultdict(dict)
        self._pri: dict[int, list[Certainty]] = defaultdict(list)
        for c in certain:
            if c.stage == READY:
                self._pri[c.id].append(c)

    def move_to(self, now: Operation) -> None:
        """Let in whoever was there when a command was called."""
        while self._coming and _is_there(self._coming[-1], now.life, now.called):
            c = self._coming.pop()
            if c.stage == READY:
                heappush(self._ready[c.tube], (c.pri, c.id, c.since, c))
            elif c.stage == BURIED:
                self.buried[c.tube][c.id] = c

    def overtaken(self, o: Operation, tubes: Sequence[str]) -> list[Violation]:
        """Tell which job a command should have given instead."""
        self.move_to(o)
        pri = self._pri_of(o)
        if pri is None:
            return []
        for tube in tubes:
            line = self._ready[tube]
            while line and _is_over(line[0][3], o):
                heappop(line)
            if not line:
                continue
            first = line[0][3]
            if (first.pri, first.id) < (pri, o.id) and _stays(first, o):
                sentence = f"{o}: pri {pri}, yet pri {first.pri} of job {first.id}"
                return [Violation(ORDER, o.id, f"{sentence} was ready in {tube}")]
        return []

    def _pri_of(self, o: Operation) -> int | None:
        """Give the pri with which a job was certainly ready when a command came."""
        for c in self._pri[o.id]:
            if _was_there(c, o):
                return c.pri
        return None


def _is_there(c: Certainty, life: int, at: int) -> bool:
    return (c.life, c.since) <= (life, at)


def _is_over(c: Certainty, o: Operation) -> bool:
    return c.life < o.life or c.until < o.called


def _was_there(c: Certainty, o: Operation) -> bool:
    """Tell whether a job was there when a command was called."""
    return c.life == o.life and c.since <= o.called <= c.until


def _stays(c: Certainty, o: Operation) -> bool:
    """Tell whether a job was there as long as a command was in flight."""
    return c.life == o.life and c.since <= o.called and o.answered <= c.until


def _overtaken_buried(
    o: Operation, lines: _Lines, buries: Mapping[int, Operation]
) -> list[Violation]:
    lines.move_to(o)
    there = lines.buried[o.tube]
    shown = there.get(o.id)
    if shown is None or not _was_there(shown, o):
        return []
    for c in list(there.values()):
        if _is_over(c, o):
            del there[c.id]
        elif _stays(c, o) and _precedes(buries[c.by], buries[shown.by]):
            sentence = f"{o}: job {c.id} was buried before it"
            return [Violation(ORDER, o.id, sentence)]
    return []


# Pauses.

_Pauses = dict[str, list[Operation]]


def _pauses(history: History) -> _Pauses:
    """Find the pauses by tube, in order."""
    pauses: _Pauses = defaultdict(list)
    for o in history.operations:
        if o.verb == "pause-tube" and o.answer != "NOT_FOUND":
            pauses[o.tube].append(o)
    return pauses


def _may_be_paused(pauses: Sequence[Operation], o: Operation) -> bool:
    """Tell whether some pause may have been in force while a command was in flight."""
    return any(
        p.called <= o.answered
        and o.called <= (p.answered if p.words else FAR) + (p.seconds + 5) * SECOND
        for p in pauses
        if p.seconds
    )


def check_pauses(
    history: History,
    named: Mapping[int, Sequence[Operation]],
    facts: Mapping[int, Facts],
) -> list[Violation]:
    """No job comes from a tube while a pause that nobody ended is in force.

    A pause ends with its tube; the job itself has kept the tube since before it.
    """
    found = []
    for tube, pauses in _pauses(history).items():
        for index, pause in enumerate(pauses):
            after = pauses[index + 1 :]
            end = min([o.called for o in after], default=FAR)
            if pause.words and pause.seconds and not _overlaps(pauses[:index], pause):
                until = min(end, pause.called + pause.seconds * SECOND - EARLY)
                found += _broken(history, pause, until, tube, named, facts)
    return found


def _overlaps(before: Sequence[Operation], pause: Operation) -> bool:
    """Tell whether an earlier pause may have come after this one."""
    return any(o.life == pause.life and o.answered > pause.called for o in before)


def _broken(
    history: History,
    pause: Operation,
    until: int,
    tube: str,
    named: Mapping[int, Sequence[Operation]],
    facts: Mapping[int, Facts],
) -> list[Violation]:
    first = bisect_left(
        history.operations,
        (pause.life, pause.answered),
        key=lambda o: (o.life, o.called),
    )
    found = []
    for o in history.operations[first:]:
        if o.called > until:
            break
        if o.answer != "RESERVED" or o.answered > until or o.id not in facts:
            continue
        if facts[o.id].tube == tube and _was_put_before(named[o.id], pause):
            sentence = f"{o}: {tube} was paused by {pause}"
            found.append(Violation(ORDER, o.id, sentence))
    return found


def _was_put_before(operations: Sequence[Operation], pause: Operation) -> bool:
    """Tell whether a job was put before its tube was paused."""
    return any(o.verb == "put" and o.words and _precedes(o, pause) for o in operations)
