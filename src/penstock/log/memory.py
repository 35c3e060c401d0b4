"""A log in memory: as durable as the process."""

from collections.abc import Callable, Iterator

from penstock.errors import LogError
from penstock.log import Batch, Sink, Stored, Usage
from penstock.log.frame import last_checksum, seal, unseal


class MemoryLog:
    """Forgets each batch at once, or with `retain` keeps them for readers and tests.

    Nothing outlives the process, so nothing is gained by waiting: `instant`.
    """

    instant = True

    def __init__(self, *, retain: bool = False) -> None:
        self.forgets = not retain
        self._batches: list[bytes] = []
        self._first = 1
        self._last = 0
        self._closed = False
        self._durable: Callable[[int], None] = lambda seq: None

    def start(
        self, durable: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        """Say whom to tell; there is nothing here that could fail."""
        self._durable = durable

    def recover(self, sink: Sink) -> None:
        """Hand over what is kept, for a new engine over the same log."""
        for stored in self.read(self._first):
            sink(stored)

    def append(self, batch: Batch) -> None:
        """Keep a batch, or let it go."""
        if self._closed:
            raise LogError("append", hint="the log is closed")
        assert self._last == 0 or batch.seq == self._last + 1, batch.seq
        if not self.forgets:
            self._batches.append(seal(batch, 1, self._previous()))
            self._first = batch.seq - len(self._batches) + 1
        else:
            self._first = batch.seq + 1
        self._last = batch.seq
        self._durable(batch.seq)

    def _previous(self) -> int:
        if not self._batches:
            return 0
        return last_checksum(self._batches[-1])

    def read(self, from_seq: int) -> Iterator[Stored]:
        """Give the batches that are kept, from that number on."""
        for content in self._batches[max(0, from_seq - self._first) :]:
            yield unseal(content)[0]

    def limit(self, most: int) -> None:
        """Nothing here is made in advance."""

    def trim(self, upto_seq: int) -> None:
        """Forget batches up to that number."""
        count = min(max(0, upto_seq - self._first + 1), len(self._batches))
        del self._batches[:count]
        self._first += count

    def usage(self) -> Usage:
        """Tell how much is kept; room is what memory gives."""
        used = sum(len(content) for content in self._batches)
        return Usage(used, 1 << 62, self._first, self._last)

    def seal(self) -> None:
        """Nothing here can be torn."""

    def piece(self) -> int:
        """There are no pieces: each batch can be forgotten by itself."""
        return 0

    def fileno(self) -> int:
        """There is nothing to wait for."""
        return -1

    def settle(self) -> None:
        """Everything was told at once."""

    def finish(self) -> None:
        """Nothing is ever in flight."""

    def close(self) -> None:
        """Take no more batches; what is kept can still be read."""
        self._closed = True
