"""What stable storage is known to hold, and what it says of the segments.

A frame and the mark each state which segment is the oldest needed. What is older may go
once such a statement is synced itself: the sync of a segment says nothing of the mark,
and that of the mark nothing of a frame that came later.
"""

from penstock.log.file import Outcome
from penstock.log.file.layout import MARK, SECTOR, write_mark


class Stable:
    """`seq` is the last batch that is there, `oldest` the oldest segment needed, as it
    says itself."""

    def __init__(self) -> None:
        self.seq = 0
        self.oldest = 1
        self._stated = (0, 1)  # what the last frame states: its seq, the oldest segment
        self._sealed = (0, 1)  # the same of the mark
        self._half = 0  # of the mark: where the next seal goes

    def begin(self, seq: int, oldest: int, half: int) -> None:
        """Note what a start has found, and which half of the mark is the older one."""
        self.seq, self.oldest, self._half = seq, oldest, half

    def state(self, seq: int, oldest: int) -> None:
        """Note what a frame says that is about to be written."""
        self._stated = (seq, oldest)

    def seal(self, store: bytes, seq: int, oldest: int) -> tuple[int, bytes]:
        """Give the next seal, and its offset in the mark."""
        self._sealed = (seq, oldest)
        offset = SECTOR * self._half
        self._half = 1 - self._half
        return offset, write_mark(store, oldest, seq)

    def wants_seal(self, written: int, oldest: int) -> bool:
        """Tell whether a seal would say something new that needs no other sync: that
        would come later, or never."""
        news = self._sealed[0] < written <= self.seq
        trimmed = self._sealed[1] < oldest > self.oldest
        return news or trimmed

    def is_sealed(self, written: int) -> bool:
        """Tell whether the last seal is about all that was written."""
        return self._sealed[0] >= written

    def synced(self, outcome: Outcome) -> None:
        """Hear of a sync."""
        self.seq = max(self.seq, outcome.seq)
        if outcome.name == MARK:
            self.oldest = max(self.oldest, self._sealed[1])
        elif outcome.seq >= self._stated[0]:
            self.oldest = max(self.oldest, self._stated[1])
