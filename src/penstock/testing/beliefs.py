"""What may be true of one job, and how a command, time or a crash changes it.

Commands of several connections overlap, and of some nobody knows whether they happened,
so a history leaves several possibilities open: each is a `Belief`. A change that cannot
follow from a belief ends it; when none is left, the server broke a promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from penstock.testing.history import FAR, Ending, Operation

ABSENT = "absent"
READY = "ready"
RESERVED = "reserved"
DELAYED = "delayed"
BURIED = "buried"
GONE = "gone"

NOWHERE = (ABSENT, GONE)
SECOND = 1_000_000_000
EARLY = 50_000_000  # ns by which our clock and the server's may differ
LATE = 5 * SECOND  # a stalled disk stops the server's time, a busy machine ours

MANY = 1 << 32  # more than any counter says

# Answers after which nobody knows whether the command happened.
UNCERTAIN = ("", "INTERNAL_ERROR")
RESERVES = ("reserve", "reserve-with-timeout")
# Answers after which everything is as it was.
REFUSALS = ("OUT_OF_MEMORY", "DRAINING", "BAD_FORMAT", "UNKNOWN_COMMAND")


class Belief(NamedTuple):
    """One thing that may be true of a job.

    `early` and `late` bound the moment at which a delay or a ttr runs out. `reserves`
    and `timeouts` lie between two numbers, since a crash may take back what no hard
    event followed: then no fewer than `kept` are left, and the reason is one of `past`.
    `done` are the commands in flight that have had their effect; `by` is the one that
    buried or deleted it.
    """

    stage: str = ABSENT
    pri: int = 0
    delay: int = 0
    holder: int = 0
    early: int = 0
    late: int = FAR
    reserves: tuple[int, int] = (0, 0)
    timeouts: tuple[int, int] = (0, 0)
    kept: tuple[int, int] = (0, 0)
    releases: int = 0
    buries: int = 0
    kicks: int = 0
    reasons: frozenset[str] = frozenset(("none",))
    past: frozenset[str] = frozenset()
    by: int = 0
    done: frozenset[int] = frozenset()

    @property
    def is_there(self) -> bool:
        """Whether the job exists."""
        return self.stage not in NOWHERE


class Facts(NamedTuple):
    """What never changes about a job."""

    id: int
    tube: str
    ttr: int  # seconds
    size: int
    digest: str


def _more(count: tuple[int, int]) -> tuple[int, int]:
    return count[0] + 1, min(count[1] + 1, MANY)


def _after(operation: Operation, seconds: int) -> tuple[int, int]:
    """Bound the moment so long after a command had its effect."""
    early = operation.called + seconds * SECOND
    late = operation.answered + seconds * SECOND if operation.words else FAR
    return early, late


def _hard(belief: Belief, stage: str, **changes: object) -> Belief:
    """Change what no crash takes back, and with it what came before."""
    new: Belief = belief._replace(
        stage=stage,
        holder=0,
        kept=(belief.reserves[0], belief.timeouts[0]),
        past=frozenset(),
        **changes,  # type: ignore[arg-type]
    )
    return new


def _waiting(belief: Belief, operation: Operation, **changes: object) -> Belief:
    """Be ready, or delayed where the command says so."""
    early, late = _after(operation, operation.delay)
    stage = DELAYED if operation.delay else READY
    times = {"delay": operation.delay, "early": early, "late": late}
    return _hard(belief, stage, pri=operation.pri, **times, **changes)


# One function a verb: the belief after the command has had its effect, None where it
# could have had none.


def _put(belief: Belief, operation: Operation, _facts: Facts) -> Belief | None:
    if belief.stage != ABSENT:
        return None
    if operation.answer == "BURIED":
        pri, delay, by = operation.pri, operation.delay, operation.number
        return _hard(belief, BURIED, pri=pri, delay=delay, by=by)
    return _waiting(belief, operation)


def _reserve(belief: Belief, operation: Operation, facts: Facts) -> Belief | None:
    if belief.stage != READY:
        return None
    early, late = _after(operation, facts.ttr)
    more = _more(belief.reserves)
    if not operation.words:  # stands for all that its connection never heard of
        more = (belief.reserves[0], MANY)
    return belief._replace(
        stage=RESERVED,
        holder=operation.connection,
        early=early,
        late=late,
        reserves=more,
        past=belief.past | belief.reasons,
    )


def _is_held(belief: Belief, operation: Operation) -> bool:
    return belief.stage == RESERVED and belief.holder == operation.connection


def _delete(belief: Belief, operation: Operation, _facts: Facts) -> Belief | None:
    if not belief.is_there:
        return None
    if belief.stage == RESERVED and not _is_held(belief, operation):
        return None
    return _hard(belief, GONE, by=operation.number)


def _release(belief: Belief, operation: Operation, _facts: Facts) -> Belief | None:
    if not _is_held(belief, operation):
        return None
    reasons = frozenset(("client",))
    return _waiting(belief, operation, releases=belief.releases + 1, reasons=reasons)


def _bury(belief: Belief, operation: Operation, _facts: Facts) -> Belief | None:
    if not _is_held(belief, operation):
        return None
    return _hard(
        belief,
        BURIED,
        pri=operation.pri,
        buries=belief.buries + 1,
        reasons=frozenset(("client",)),
        by=operation.number,
    )


def _touch(belief: Belief, operation: Operation, facts: Facts) -> Belief | None:
    if not _is_held(belief, operation):
        return None
    early, late = _after(operation, facts.ttr)
    return belief._replace(early=early, late=late)


def _kick(belief: Belief, _operation: Operation, _facts: Facts) -> Belief | None:
    if belief.stage not in (BURIED, DELAYED):
        return None
    kicked = frozenset(("kicked",))
    return _hard(belief, READY, kicks=belief.kicks + 1, reasons=kicked)


def _peek(belief: Belief, _operation: Operation, _facts: Facts) -> Belief | None:
    return belief if belief.is_there else None


def _peek_at(stage: str, belief: Belief) -> Belief | None:
    return belief if belief.stage == stage else None


def _stats(belief: Belief, operation: Operation, facts: Facts) -> Belief | None:
    if operation.answer != "OK":
        return belief if belief.is_there else None
    if not belief.is_there or differences(belief, operation, facts):
        return None
    fields = operation.fields
    reserves, timeouts = int(fields["reserves"]), int(fields["timeouts"])
    return belief._replace(
        reserves=(reserves, reserves),
        timeouts=(timeouts, timeouts),
        reasons=frozenset((fields["reason"],))
        if "reason" in fields
        else belief.reasons,
    )


EFFECTS = {
    "put": _put,
    "reserve": _reserve,
    "reserve-with-timeout": _reserve,
    "delete": _delete,
    "release": _release,
    "bury": _bury,
    "touch": _touch,
    "kick": _kick,
    "kick-job": _kick,
    "peek": _peek,
    "stats-job": _stats,
    "peek-ready": lambda belief, *_: _peek_at(READY, belief),
    "peek-delayed": lambda belief, *_: _peek_at(DELAYED, belief),
    "peek-buried": lambda belief, *_: _peek_at(BURIED, belief),
}


def _refuses(belief: Belief, operation: Operation, facts: Facts) -> bool:
    """Tell whether NOT_FOUND is right: the command can have no effect."""
    return EFFECTS[operation.verb](belief, operation, facts) is None


def apply(belief: Belief, operation: Operation, facts: Facts) -> Belief | None:
    """Give the belief after a command with its answer; None where it cannot be so.

    Without an answer a command does what it can.
    """
    if is_overdue(belief, operation.called):
        return None
    after: Belief | None
    if operation.answer in REFUSALS:
        after = belief
    elif operation.answer == "NOT_FOUND":
        after = belief if _refuses(belief, operation, facts) else None
    else:
        after = EFFECTS[operation.verb](belief, operation, facts)
        if after is None and operation.answer in UNCERTAIN:
            after = belief
    if after is None or (operation.verb in RESERVES and not operation.words):
        return after
    return after._replace(done=after.done | {operation.number})


def is_overdue(belief: Belief, now: int) -> bool:
    """Tell whether time must have changed this belief by then."""
    return belief.stage in (DELAYED, RESERVED) and belief.late + LATE < now


def in_time(belief: Belief, now: int, ending: Ending | None) -> Iterator[Belief]:
    """Give what time alone may have made of a belief by then; `ending` is of the
    connection that holds the job."""
    if belief.stage == DELAYED and belief.early - EARLY <= now:
        yield belief._replace(stage=READY)
    if belief.stage != RESERVED:
        return
    if belief.early - EARLY <= now:
        least, most = _more(belief.timeouts)
        if belief.reserves[1] == MANY:  # it may have been none, or several
            least, most = belief.timeouts[0], MANY
        yield _returned(belief, "ttr")._replace(timeouts=(least, most))
    if ending is not None and ending.earliest <= now:
        yield _returned(belief, "closed")


def _returned(belief: Belief, reason: str) -> Belief:
    reasons = frozenset((reason,))
    return belief._replace(
        stage=READY, holder=0, reasons=reasons, past=belief.past | reasons
    )


def crashed(belief: Belief) -> Belief:
    """Give what a belief is once the server has started again, whichever way it had
    ended: connections are gone, and so may be what no hard event followed."""
    if not belief.is_there:
        return belief._replace(done=frozenset())
    reasons = belief.reasons
    if belief.past:
        reasons |= belief.past | {"restart"}
    return belief._replace(
        stage=READY if belief.stage == RESERVED else belief.stage,
        holder=0,
        reserves=(belief.kept[0], belief.reserves[1]),
        timeouts=(belief.kept[1], belief.timeouts[1]),
        reasons=reasons,
        past=frozenset(),
        done=frozenset(),
    )


def differences(belief: Belief, operation: Operation, facts: Facts) -> list[str]:
    """Name the fields of stats-job that are not what this belief says."""
    fields = operation.fields
    exact = {
        "id": facts.id,
        "tube": facts.tube,
        "state": belief.stage,
        "pri": belief.pri,
        "delay": belief.delay,
        "ttr": facts.ttr,
        "releases": belief.releases,
        "buries": belief.buries,
        "kicks": belief.kicks,
    }
    wrong = [name for name, value in exact.items() if fields[name] != str(value)]
    for name in ("reserves", "timeouts"):
        least, most = getattr(belief, name)
        if not least <= int(fields[name]) <= most:
            wrong.append(name)
    if fields.get("reason", "") not in {"", *belief.reasons}:
        wrong.append("reason")
    if belief.stage in (DELAYED, RESERVED) and not _has_left(belief, operation):
        wrong.append("time-left")
    return wrong


def _has_left(belief: Belief, operation: Operation) -> bool:
    """Tell whether time-left, in whole seconds, may be what is left."""
    left = int(operation.fields["time-left"]) * SECOND
    least = belief.early - operation.answered - SECOND - EARLY
    most = belief.late - operation.called + LATE
    return least <= left <= most
