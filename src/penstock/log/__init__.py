"""Where batches go. A log keeps bytes in order and knows nothing of jobs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol


class Batch(Protocol):
    """What a log is given: one or more events that commit together.

    `now` is engine time and `wall` the wall clock, both in nanoseconds; `next_id` is
    the first id that no job has had.
    """

    seq: int
    now: int
    wall: int
    next_id: int
    count: int

    def payload(self) -> bytes:
        """Give the encoded events."""


@dataclass(slots=True)
class Stored:
    """A batch as it comes back from a log; `piece` is where it stands, 0 if nowhere."""

    term: int
    seq: int
    now: int
    wall: int
    next_id: int
    count: int
    payload: bytes
    piece: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes used and free, and the numbers of the oldest and the last durable batch.

    `trimmable` is the last batch of the oldest piece that can be trimmed as a whole, 0
    where there is none; `oldest_piece` that piece's number; `piece` the bytes that a
    piece is made with. `written` counts the bytes of batches, without what is prepared
    for others or was left at the end of a piece.
    """

    used: int
    room: int
    oldest: int
    durable: int
    trimmable: int = 0
    piece: int = 0
    oldest_piece: int = 0
    written: int = 0


Sink = Callable[[Stored], None]


class Log(Protocol):
    """What every log does; `penstock.testing.log_contract` is its specification.

    `instant` tells that a batch is as durable as it will ever be once it is appended,
    so that no reply has to wait; `forgets` that it throws batches away, so that their
    bytes need not be made.
    """

    instant: bool
    forgets: bool

    def start(
        self, durable: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        """Say whom to tell, in the loop's thread, what became of appended batches."""

    def recover(self, sink: Sink) -> None:
        """Hand over every batch that is kept, oldest first; once, before appending."""

    def append(self, batch: Batch) -> None:
        """Keep a batch whose number follows the last; one at a time is in flight."""

    def read(self, from_seq: int) -> Iterator[Stored]:
        """Give the durable batches from that number on."""

    def piece(self) -> int:
        """Number the piece that the next batch goes to, or one before it; 0 where none
        are. Pieces are what `trim` forgets, oldest first."""

    def limit(self, most: int) -> None:
        """Say how many bytes the log should not exceed; it never refuses for that."""

    def trim(self, upto_seq: int) -> None:
        """Forget batches up to that number, as far as whole pieces allow."""

    def usage(self) -> Usage:
        """Tell how much is used."""

    def seal(self) -> None:
        """Leave no doubt about where the log ends: nothing will follow for a while."""

    def fileno(self) -> int:
        """Give what is readable when `settle` has something to tell; -1 if never."""

    def settle(self) -> None:
        """Call back for what has become durable or failed since the last time."""

    def finish(self) -> None:
        """Block until nothing is in flight; only while starting and stopping."""

    def close(self) -> None:
        """Give everything back; nothing may be appended any more."""
