"""Followers: they read what has happened from the log, each at its own cursor.

A cursor is a batch's number and an event's place in it; what is seen is durable.
A durable follower keeps what it has not read from being forgotten, up to a bound; past
that it is told of a gap, which is kept as a record, so that nobody takes what is left
for all there was. Images and seals are no facts, and followers do not see them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from penstock.core.engine import Engine
from penstock.core.kinds import JOB_IMAGE, PAUSE_IMAGE, SEAL, SET, SET_IMAGE
from penstock.core.reader import Reader
from penstock.core.records import Record
from penstock.log import Log, Usage

NO_FACTS = frozenset((JOB_IMAGE, SET_IMAGE, PAUSE_IMAGE, SEAL))
MOST_HELD = 1 << 30  # bytes of log that followers may keep from being forgotten
SHARE_HELD = 10  # percent of the free room that they may
GAPS = b"gap"  # the namespace of what followers have missed
MOST_GAPS = 100  # that one follower's record tells of, the newest


@dataclass(frozen=True, order=True, slots=True)
class Cursor:
    """A place in the log: the event of that index in the batch of that number."""

    seq: int = 0
    index: int = 0

    def __str__(self) -> str:
        return f"{self.seq}.{self.index}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read what `str` writes; raises ValueError."""
        seq, _, index = text.partition(".")
        return cls(int(seq), int(index))


@dataclass(frozen=True, slots=True)
class Seen:
    """One event: where it stands, when it happened, and its payload as it was written.

    `next` is the cursor from which to go on. `now` is engine time, `wall` the clock.
    """

    at: Cursor
    next: Cursor
    now: int
    wall: int
    kind: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Batches from `first` to `last` were forgotten before they could be read, or are
    others now than those that were read."""

    first: int
    last: int
    next: Cursor


class Follower:
    """One reader. `cursor` is what it reads next; `advance` moves it once what was read
    is done with, so that who dies in between reads it again."""

    def __init__(
        self, log: Log, name: str, cursor: Cursor, heard: Callable[[], None]
    ) -> None:
        self.name = name
        self.cursor = cursor
        self.heard = heard
        self._log = log
        self._start()

    def _start(self) -> None:
        """From the very beginning is from the first batch that is left. Behind the end
        is what a power cut has taken back, where not every batch was synced: its
        numbers are given again."""
        usage = self._log.usage()
        end = Cursor(usage.durable + 1, 0)
        self._taken_back: Gap | None = None
        if not self.cursor.seq:
            self.cursor = min(Cursor(usage.oldest, 0), end)
        elif self.cursor > end:
            self._taken_back = Gap(end.seq, self.cursor.seq, end)
            self.cursor = end

    def read(self, most: int) -> list[Seen | Gap]:
        """Give up to `most` durable events from the cursor on, after a gap if need be.

        Raises LogCorrupt where the log cannot be read again.
        """
        found: list[Seen | Gap] = []
        if self._taken_back is not None:
            found.append(self._taken_back)
        usage = self._log.usage()
        start = self.cursor
        if start.seq < usage.oldest:
            found.append(Gap(start.seq, usage.oldest - 1, Cursor(usage.oldest, 0)))
            start = Cursor(usage.oldest, 0)
        for seen in self._events(start):
            if len(found) >= most:
                break
            found.append(seen)
        return found

    def advance(self, cursor: Cursor) -> None:
        """Note that everything in front of that cursor is done with."""
        assert cursor >= self.cursor, f"{cursor} is behind {self.cursor}"
        self.cursor = cursor
        self._taken_back = None

    def _events(self, start: Cursor) -> Iterator[Seen]:
        for stored in self._log.read(start.seq):
            reader, index = Reader(stored.payload), 0
            while reader.next():
                at = Cursor(stored.seq, index)
                index += 1
                if at >= start and reader.kind not in NO_FACTS:
                    kind, event = reader.kind, reader.take(reader.rest())
                    after = Cursor(stored.seq, index)
                    yield Seen(at, after, stored.now, stored.wall, kind, event)


class Followers:
    """Everybody who follows. `floor` is the first batch that a durable one needs."""

    def __init__(self, engine: Engine, log: Log) -> None:
        self._engine = engine
        self._log = log
        self._all: list[Follower] = []
        self._durable: dict[str, Follower] = {}

    def follow(
        self,
        name: str,
        cursor: Cursor,
        heard: Callable[[], None] = lambda: None,
        *,
        durable: bool = False,
    ) -> Follower:
        """Begin at a cursor, which the follower keeps itself; `heard` is called when
        there may be more. A durable one is known by its name."""
        follower = Follower(self._log, name, cursor, heard)
        self._all.append(follower)
        if durable:
            assert name not in self._durable, name
            self._durable[name] = follower
        return follower

    def leave(self, follower: Follower) -> None:
        """Follow no more; nothing is kept for it."""
        self._all.remove(follower)
        if self._durable.get(follower.name) is follower:
            del self._durable[follower.name]

    def tell(self) -> None:
        """Let everybody know that more is durable."""
        for follower in list(self._all):
            follower.heard()

    def may_trim(self, usage: Usage, most: int) -> bool:
        """Tell whether the oldest piece may be forgotten; who is too far behind has
        missed it from now on."""
        late = [
            follower
            for follower in self._durable.values()
            if follower.cursor.seq <= usage.trimmable
        ]
        if not late:
            return True
        held = min(MOST_HELD, (usage.used + usage.room) * SHARE_HELD // 100)
        if usage.room and usage.used <= most + held:
            return False
        for follower in late:
            self._note_gap(follower, usage.trimmable)
        return True

    def _note_gap(self, follower: Follower, last: int) -> None:
        gaps = self.gaps(follower.name)
        if gaps and follower.cursor.seq <= gaps[-1][1]:
            gaps[-1][1] = last  # it has not gone on since
        else:
            gaps.append([follower.cursor.seq, last])
        key, value = follower.name.encode(), json.dumps(gaps[-MOST_GAPS:]).encode()
        self._engine.turn.batch.set(SET, GAPS, key, value, 0)
        self._engine.store.apply_set(Record(GAPS, key, value, 0))

    def gaps(self, name: str) -> list[list[int]]:
        """List what a follower has missed: first and last batch of each gap."""
        now = self._engine.turn.now
        record = self._engine.store.records.find(GAPS, name.encode(), now)
        return [] if record is None else list(json.loads(record.value))

    def told(self) -> dict[str, object]:
        """Tell how many follow, how far the slowest is behind, and what was missed."""
        durable = int(self._engine.turn.durable)
        behind = [durable - each.cursor.seq + 1 for each in self._all]
        missed = self._engine.store.records.namespaces.get(GAPS)
        names = [] if missed is None else [key.decode() for key in missed.records]
        return {
            "followers": len(self._all),
            "followers-behind-max": max([0, *behind]),
            "followers-gaps": sum(len(self.gaps(name)) for name in names),
        }
