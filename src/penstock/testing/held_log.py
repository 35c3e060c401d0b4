"""A log whose batches become durable, or fail, when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from penstock.errors import LogError
from penstock.log import Batch, Sink, Stored, Usage
from penstock.log.frame import seal, unseal


class HeldLog:
    """Stands for a slow disk: `release` finishes its write, `fail` breaks it.

    A batch's bytes are taken when it is appended, as a disk would; until it is released
    no reader sees it. After a failure nothing is taken any more.
    """

    instant = False
    forgets = False

    def __init__(self) -> None:
        self.flying: Stored | None = None
        self.failed: Exception | None = None
        self.seals = 0
        self._kept: list[Stored] = []
        self._closed = False
        self._tell_durable: Callable[[int], None] = lambda seq: None
        self._tell_failed: Callable[[Exception], None] = lambda error: None

    def start(
        self, durable: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        """Say whom to tell what became of appended batches."""
        self._tell_durable = durable
        self._tell_failed = failed

    def recover(self, sink: Sink) -> None:
        """Hand over every batch that was released."""
        for stored in self._kept:
            sink(stored)

    def append(self, batch: Batch) -> None:
        """Begin to write a batch, which stays in flight."""
        if self._closed or self.failed is not None:
            raise LogError("append", hint="the log takes nothing any more")
        assert self.flying is None, f"batch {self.flying.seq} is still in flight"
        assert not self._kept or batch.seq == self._kept[-1].seq + 1, batch.seq
        self.flying = unseal(seal(batch, 1, 0))[0]

    def release(self) -> int:
        """Let the batch in flight become durable; give its number."""
        assert self.flying is not None, "nothing is in flight"
        stored, self.flying = self.flying, None
        self._kept.append(stored)
        self._tell_durable(stored.seq)
        return stored.seq

    def release_all(self) -> None:
        """Let everything become durable, with what is appended meanwhile."""
        while self.flying is not None:
            self.release()

    def fail(self, error: Exception | None = None) -> None:
        """Break the disk: what is in flight will never be durable."""
        self.failed = error or LogError("sync", hint="the test broke the disk")
        self._tell_failed(self.failed)

    def read(self, from_seq: int) -> Iterator[Stored]:
        """Give the durable batches from that number on."""
        yield from [stored for stored in self._kept if stored.seq >= from_seq]

    def limit(self, most: int) -> None:
        """Nothing here is made in advance."""

    def trim(self, upto_seq: int) -> None:
        """Forget batches up to that number."""
        self._kept = [stored for stored in self._kept if stored.seq > upto_seq]

    def usage(self) -> Usage:
        """Tell how much is kept; room is what memory gives."""
        used = sum(len(stored.payload) for stored in self._kept)
        oldest = self._kept[0].seq if self._kept else 1
        durable = self._kept[-1].seq if self._kept else 0
        return Usage(used, 1 << 62, oldest, durable)

    def seal(self) -> None:
        """Count the seals; nothing here can be torn."""
        self.seals += 1

    def piece(self) -> int:
        """There are no pieces: each batch can be forgotten by itself."""
        return 0

    def fileno(self) -> int:
        """There is nothing to wait for: the test tells."""
        return -1

    def settle(self) -> None:
        """The test tells what becomes durable."""

    def finish(self) -> None:
        """Let everything become durable: the disk is slow, and not broken."""
        if self.failed is None:
            self.release_all()

    def close(self) -> None:
        """Take no more batches."""
        self._closed = True
