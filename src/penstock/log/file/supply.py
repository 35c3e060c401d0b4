"""Segments to come and to go: one thing at a time, paced so that batches go first."""

import errno

from penstock.log.file import PREPARED, Disk, Folder, Outcome
from penstock.log.file.layout import segment_name
from penstock.log.file.segments import SPARE, Segments
from penstock.log.file.stable import Stable

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
CALM, SOON, NOW = 0, 1, 2  # how urgently the next segment is needed


class Supply:
    """Has spares prepared and removes what is not needed.

    `most` is how many bytes the files should not exceed; `full` tells that there was no
    room for a spare.
    """

    def __init__(
        self, folder: Folder, disk: Disk, segments: Segments, stable: Stable
    ) -> None:
        self.most = 1 << 62
        self.full = False
        self._folder = folder
        self._disk = disk
        self._segments = segments
        self._stable = stable
        self._free = 0  # bytes that there were when it was full
        self._busy = ""  # the file that is being prepared or removed
        self._size = 0

    def go_on(self, *, waiting: bool) -> None:
        """Remove what is not needed, then prepare what will be; somebody may be waiting
        for it."""
        segments = self._segments
        if self._busy:
            return
        if segments.gone and segments.gone[0].number < self._stable.oldest:
            self._busy = segments.gone[0].name
            self._disk.discard(self._busy)
        elif self._wants_spare():
            self._busy = segment_name(segments.next_number())
            self._size = segments.size
            self._disk.prepare(self._busy, self._size)
            self.set_pace()
            if waiting:
                self.hurry()

    def _wants_spare(self) -> bool:
        """A second spare waits until what is being forgotten is gone."""
        segments = self._segments
        if self.full or len(segments.ready) >= SPARE:
            return False
        return not segments.ready or segments.on_disk() + segments.size <= self.most

    def hurry(self) -> None:
        """Let nothing wait: a batch does."""
        self._disk.hurry(NOW)

    def set_pace(self) -> None:
        """Let the filling be done before the segment is three quarters full, and
        before what is to be removed has waited for long."""
        segment = self._segments.current
        quarters = 4 * segment.end // segment.size
        if self._segments.gone or (quarters > 1 and not self._segments.ready):
            self._disk.hurry(NOW)
        else:
            self._disk.hurry(SOON if quarters else CALM)

    def waits_for_seal(self) -> bool:
        """Tell whether what is to be removed waits for a statement that it may."""
        gone = self._segments.gone
        return bool(gone) and gone[0].number >= self._stable.oldest

    def is_exhausted(self) -> bool:
        """Tell whether no spare can be made, and nothing goes that would make room."""
        return self.full and not self._segments.gone

    def settled(self, outcome: Outcome) -> bool:
        """Hear what has become of it; False where it has failed for another reason than
        that there was no room."""
        if outcome.error and (
            outcome.kind != PREPARED or outcome.error not in NO_SPACE
        ):
            return False
        self._busy = ""
        if outcome.error:
            # A quota may say no where the file system has room.
            self.full, self._free = True, self._folder.room()
        elif outcome.kind == PREPARED:
            self._segments.add_ready(self._segments.next_number(), self._size)
        else:
            self._segments.gone.popleft()
            self.full = False
        return True

    def room(self) -> int:
        """Count the bytes that are left beside the spares that are owed. Raises the
        OSError of looking."""
        free = self._folder.room()
        if free > self._free:
            self.full = False  # somebody has made room
        return 0 if self.full else max(0, free - self._segments.owed())
