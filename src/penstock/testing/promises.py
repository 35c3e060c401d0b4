"""What clients were told, and what therefore has to be there after a crash.

Kept beside the engine and knowing nothing of events, batches' bytes or files: facts
follow from commands and their answers. Every change is noted with the number of the
batch that it was staged in, so that what a crash has taken can be taken back here too:
after a recovery through batch n, everything holds that was staged up to n, and nothing
else. Whatever a client was told has to be among it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

from penstock.core.engine import Engine
from penstock.core.job import (
    BURIED,
    DELAYED,
    READY,
    RESERVED,
    STATE_NAMES,
    Job,
)

Holder = int | bytes | None  # the number of a session, or the token of a lease


class Known(NamedTuple):
    """A job as its clients know it. `due` is when a delay or a ttr ends, `place` counts
    the buries."""

    tube: bytes
    body: bytes
    pri: int
    ttr: int
    state: int
    due: int = 0
    place: int = 0
    holder: Holder = None
    releases: int = 0
    buries: int = 0
    kicks: int = 0
    notes: tuple[tuple[bytes, bytes], ...] = ()

    def state_at(self, now: int) -> int:
        """Give the state once time has done its part."""
        timed = self.state in (DELAYED, RESERVED)
        return READY if timed and self.due <= now else self.state

    def ready(self) -> Known:
        """Give the same job, ready."""
        return self._replace(state=READY, due=0, holder=None)


class PromiseBroken(AssertionError):  # noqa: N818  (a verdict)
    """What was promised to a client is not so."""


class Promises:
    """`jobs`, `records` and `pauses` as they should be now; of a tube that is not among
    the pauses nothing is known. `told` is the batch that something told depends on,
    `highest` the highest id that somebody was told. While a commit runs, `gifts`
    collects who takes a job that it may have made."""

    def __init__(self) -> None:
        self.jobs: dict[int, Known] = {}
        self.records: dict[bytes, bytes] = {}
        self.pauses: dict[bytes, int] = {}
        self.told = 0
        self.highest = 0
        self.tellings: list[tuple[int, int]] = []
        self._ids: list[tuple[int, int]] = [(0, 0)]
        self.gifts: list[Callable[[], None]] | None = None
        self._changed: dict[Hashable, int] = {}
        self._undo: list[tuple[int, dict[Any, Any], Any, object]] = []
        self._places = 0

    # What happens.

    def set(self, seq: int, id: int, known: Known | None, *, hard: bool = True) -> None:
        """A job is so from that batch on; None is gone."""
        old = self.jobs.get(id)
        self._note(seq, self.jobs, id, known)
        if hard:
            self._changed[id] = seq
        if old is not None and (known is None or known.tube != old.tube):
            self._lose_pause(seq, old.tube)

    def set_record(self, seq: int, key: bytes, value: bytes | None) -> None:
        """A record has that value; None is gone."""
        self._note(seq, self.records, key, value)

    def set_pause(self, seq: int, tube: bytes, until: int) -> None:
        """A tube is paused until then. One without jobs may end, and its pause with
        it."""
        self._note(seq, self.pauses, tube, until if self._has_jobs(tube) else None)

    def _has_jobs(self, tube: bytes) -> bool:
        return any(known.tube == tube for known in self.jobs.values())

    def _note(self, seq: int, facts: dict[Any, Any], key: object, new: object) -> None:
        self._undo.append((seq, facts, key, facts.get(key)))
        if new is None:
            facts.pop(key, None)
        else:
            facts[key] = new

    def _lose_pause(self, seq: int, tube: bytes) -> None:
        if tube in self.pauses and not self._has_jobs(tube):
            self._note(seq, self.pauses, tube, None)

    def place(self) -> int:
        """Give the next place among the buried."""
        self._places += 1
        return self._places

    # Who is told.

    def changed(self, key: Hashable) -> int:
        """Give the batch with the last hard change of a job."""
        return self._changed.get(key, 0)

    def tell(self, moment: int, seq: int, id: int = 0) -> None:
        """An answer that shows what was staged in that batch has left."""
        if id > self.highest:
            self.highest = id
            self._ids.append((seq, id))
        if seq > self.told:
            self.told = seq
            self.tellings.append((moment, seq))

    def told_before(self, moment: int) -> int:
        """Give the batch that depends on what was told up to some moment."""
        return max((seq for at, seq in self.tellings if at <= moment), default=0)

    # What a crash takes.

    def outlive(self, seq: int) -> None:
        """Of what was told, no more than that has to be there after a power cut."""
        self.told = min(self.told, seq)
        self.tellings.clear()

    def restart(self, durable: int) -> None:
        """The process has ended, and everything through that batch is there: what
        connections held is ready again. Whoever lets a machine forget for a while what
        was told lets it forget ids as well."""
        while self._undo:
            seq, facts, key, old = self._undo.pop()
            if seq <= durable:
                continue
            if old is None:
                facts.pop(key, None)
            else:
                facts[key] = old
        self.outlive(durable)
        self.highest = max(id for seq, id in self._ids if seq <= durable)
        self._ids = [(0, self.highest)]
        self._changed.clear()
        for id, known in self.jobs.items():
            if known.state == RESERVED and not isinstance(known.holder, bytes):
                self.jobs[id] = known.ready()
        tubes = {known.tube for known in self.jobs.values()}
        self.pauses = {t: until for t, until in self.pauses.items() if t in tubes}
        self._undo.clear()


# Whether the promises are kept.


def broken(promises: Promises, engine: Engine) -> Iterator[str]:
    """Tell what is not as it was promised, of an engine that has just recovered."""
    now = engine.turn.now
    for id, known in promises.jobs.items():
        job = engine.index.find(id)
        if job is None:
            yield f"job {id} is lost; it was {_told(known, now)}"
            continue
        wrong = [f"{n} {found!r}, not {e!r}" for n, found, e in _pairs(job, known, now)]
        if wrong:
            yield f"job {id} has {'; '.join(wrong)}"
    present = (id for id in engine.index.jobs.ids() if engine.index.find(id))
    for id in present:
        if id not in promises.jobs:
            yield f"job {id} is there; it was deleted, or never put"
    if engine.store.next_id <= promises.highest:
        yield f"id {engine.store.next_id} would be given a second time"
    yield from _wrong_order(promises, engine)
    yield from _wrong_records(promises, engine)


def _told(known: Known, now: int) -> str:
    state = STATE_NAMES[known.state_at(now)].decode()
    return f"{state} in {known.tube.decode()}"


def _pairs(job: Job, known: Known, now: int) -> Iterator[tuple[str, object, object]]:
    """Give what differs: its name, what was found, what was expected."""
    notes = () if job.extra is None else tuple(sorted(job.extra.notes.items()))
    found = (job.tube.name, job.body, job.pri, job.ttr, notes)
    counted = (job.releases, job.buries, job.kicks)
    names = ("tube", "body", "pri", "ttr", "notes", "releases", "buries", "kicks")
    told = (known.releases, known.buries, known.kicks)
    expected = (*known[:4], known.notes, *told)
    for name, one, other in zip(names, found + counted, expected, strict=True):
        if one != other:
            yield name, one, other
    if not _is_in_state(job, known, now):
        yield "state", STATE_NAMES[job.state], STATE_NAMES[known.state_at(now)]


def _is_in_state(job: Job, known: Known, now: int) -> bool:
    """Compare states and moments. A lease that is over may still be held: the engine
    takes it back with its first tick."""
    if known.state == RESERVED and job.state == RESERVED:
        token = None if job.holder is None else job.holder.token
        return job.due == known.due and token == known.holder
    if job.state != known.state_at(now):
        return False
    return job.state != DELAYED or job.due == known.due


def _wrong_order(promises: Promises, engine: Engine) -> Iterator[str]:
    expected: dict[bytes, list[int]] = {}
    buried = [
        (k.place, id, k.tube) for id, k in promises.jobs.items() if k.state == BURIED
    ]
    for _place, id, tube in sorted(buried):
        expected.setdefault(tube, []).append(id)
    for tube, ids in expected.items():
        jobs = [engine.index.find(id) for id in ids]
        places = [job.due for job in jobs if job is not None]
        if places != sorted(places):
            yield f"the buried jobs of {tube.decode()} are not in the order {ids}"


def _wrong_records(promises: Promises, engine: Engine) -> Iterator[str]:
    found = {record.key: record.value for record in engine.store.records.all()}
    if found != promises.records:
        yield f"records are {found}, not {promises.records}"
    now = engine.turn.now
    for name, until in promises.pauses.items():
        tube = engine.index.tubes.get(name)
        expected = until if until > now else 0
        if tube is None or tube.pause_until != expected:
            yield f"tube {name.decode()} is not paused until {expected}"
