"""The log in a folder: a batch is durable once its frame is synced.

Appending hands one frame to the disk's thread; nothing here waits but the start and the
end. The first append after a recovery makes a new segment: what was read above the last
durable mark is written again there and synced, so that nothing is built on a page that
the disk may not have.

A segment is let go in two steps: the next frame, or the mark, says which segment is the
oldest needed; once that is on stable storage the files below it are removed.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator

from penstock.errors import LogError, LogFull
from penstock.log import Batch, Sink, Stored, Usage
from penstock.log.file import DISCARDED, PREPARED, SYNCED, Disk, Folder, Outcome
from penstock.log.file.layout import (
    MARK,
    SEGMENT_SIZE,
    Header,
    frame_check,
    frame_size,
    write_frame,
    write_header,
)
from penstock.log.file.opening import open_folder
from penstock.log.file.reading import read_segment
from penstock.log.file.scan import Scan, Torn
from penstock.log.file.segments import SPARE, Segments
from penstock.log.file.stable import Stable
from penstock.log.file.supply import Supply
from penstock.log.frame import take

RECENT = 1000  # syncs whose latencies are remembered


class FileLog:
    """`torn` is what the last recovery cut off. `sync_took` and `syncs` tell of the
    disk: how long its last sync lasted, in nanoseconds, and how many there were;
    `latencies` of the last RECENT ones."""

    instant = False
    forgets = False

    def __init__(
        self, folder: Folder, disk: Disk, segment_size: int = SEGMENT_SIZE
    ) -> None:
        self.folder = folder
        self.disk = disk
        self.sync_took = 0
        self.syncs = 0
        self.latencies: deque[int] = deque(maxlen=RECENT)
        self._segments = Segments(segment_size)
        self._scan: Scan | None = None
        self._store = b""
        self._opened = False
        self._closed = False
        self._failed: LogError | None = None
        self._term = 1
        self._last = 0  # the last batch that was appended
        self._check = 0  # its checksum
        self._written = 0  # the last batch whose replies may leave
        self._stable = Stable()
        self._supply = Supply(folder, disk, self._segments, self._stable)
        self._waiting: Stored | None = None
        self._flying = ""  # the file that is being written
        self._wants_seal = False
        self._idle = False
        self._has_rolled = False
        self._tell_durable: Callable[[int], None] = lambda seq: None
        self._tell_failed: Callable[[Exception], None] = lambda error: None

    def start(
        self, durable: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        """Say whom to tell, in the thread that calls `settle`."""
        self._tell_durable = durable
        self._tell_failed = failed

    def fileno(self) -> int:
        """Give what to wait on before calling `settle`; -1 for nothing."""
        return self.disk.fileno()

    # Reading.

    def recover(self, sink: Sink) -> None:
        """Own the folder, and hand over every batch that is kept, oldest first.

        Raises LogBusy, LogCorrupt or NewerFormat; nothing is changed in any case.
        """
        for stored in self.read(1):
            self._term = max(self._term, stored.term + 1)
            sink(stored)

    @property
    def torn(self) -> Torn | None:
        """Tell what the next start, or the last one, has cut off."""
        return self._look().torn

    def _look(self) -> Scan:
        if self._scan is None:
            self.folder.lock()
            self._scan = Scan(self.folder)
            self._last = self._written = self._scan.end.seq
        return self._scan

    def read(self, from_seq: int) -> Iterator[Stored]:
        """Give the durable batches from that number on."""
        scan = self._look()
        if not self._opened:
            yield from scan.batches(from_seq)
            return
        for segment in list(self._segments.kept):
            if segment.last >= from_seq and segment.first <= self._written:
                last = self._written
                yield from read_segment(self.folder, segment, from_seq, last)

    # Writing.

    def append(self, batch: Batch) -> None:
        """Begin to write a batch; its bytes are taken at once."""
        if self._closed or self._failed is not None:
            raise LogError("append", hint="the log takes nothing any more")
        assert self._waiting is None, "a batch is still in flight"
        self._look()
        assert batch.seq == self._last + 1, f"{batch.seq} after {self._last}"
        if not self._opened:
            self._open()
        self._last = batch.seq
        self._idle = False
        self._waiting = take(batch, self._term)
        self._go_on()

    def _open(self) -> None:
        opened = open_folder(self.folder, self._look(), self._segments)
        self.folder.sign()
        self._opened = True
        self._store = opened.store
        self._check = opened.check
        self._stable.begin(opened.mark, self._segments.oldest, opened.half)
        # The mark is to tell of the segment that was made, should it ever be missing.
        self._has_rolled = not self._look().new
        # Where all that the oldest one held was written again, nobody needs it, and no
        # number of a batch would say so.
        self._segments.trim(self._segments.kept[0].first - 1)

    def _go_on(self) -> None:
        """Start what can be started; a file that cannot be opened ends all."""
        try:
            self._start_what_can_be()
        except OSError as error:
            name = error.filename or self._segments.current.name
            hint = f"{error.strerror}: nothing is acknowledged from here on"
            self._fail(LogError("open", str(name), hint=hint))

    def _start_what_can_be(self) -> None:
        # First, or under load it would never be written.
        if self._wants_seal and not self._flying:
            self._write_mark()
        if self._waiting is not None and not self._flying:
            self._write(self._waiting)
        if self._wants_seal and not self._flying:
            self._write_mark()
        self._supply.go_on(waiting=self._waiting is not None)

    def _write(self, batch: Stored) -> None:
        segments = self._segments
        size = frame_size(len(batch.payload))
        header = b""
        if not segments.fits(size):
            if not segments.ready:
                self._need_segment()
                return
            segments.begin(batch.seq, size)
            header = self._begin(batch.seq)
            self._has_rolled = True
        segment = segments.current
        parts = write_frame(
            self._store,
            segment.number,
            segments.oldest,
            self._stable.seq,
            batch,
            self._check,
        )
        self._check = frame_check(parts)
        place = segment.end - len(header)
        segment.end += size
        segment.last = batch.seq
        self._waiting = None
        self._stable.state(batch.seq, segments.oldest)
        self._flying = segment.name
        self.disk.write(batch.seq, segment.name, place, (header, *parts))
        self._supply.set_pace()

    def _begin(self, first: int) -> bytes:
        """Give the header of the segment that begins with that batch."""
        segments = self._segments
        return write_header(
            Header(
                self._store,
                segments.current.number,
                segments.oldest,
                segments.current.made,
                first,
                self._stable.seq,
                self._check,
            )
        )

    def _need_segment(self) -> None:
        """Wait for a segment to be prepared; without room there is nothing to wait
        for, and what is owed to those who free room was not kept."""
        self._supply.hurry()
        if self._supply.waits_for_seal():
            self._wants_seal = True  # no frame can say that it is not needed
        elif self._supply.is_exhausted():
            self._fail(LogFull("append", hint="free some, then start again"))

    def _write_mark(self) -> None:
        self._wants_seal = False
        oldest = self._segments.oldest
        offset, content = self._stable.seal(self._store, self._written, oldest)
        self._flying = MARK
        self.disk.write(self._written, MARK, offset, (content,))

    # What the disk tells.

    def settle(self) -> None:
        """Take note of what the disk has done; the callbacks are called from here."""
        for outcome in self.disk.outcomes():
            if outcome.kind in (PREPARED, DISCARDED):
                if not self._supply.settled(outcome):
                    self._on_error(outcome)
            elif outcome.error:
                self._on_error(outcome)
            else:
                self._on_write(outcome)
        if self._failed is None and not self._closed and self._opened:
            self._go_on()

    def _on_error(self, outcome: Outcome) -> None:
        name = outcome.name or self._segments.current.name
        reason = f"{os.strerror(outcome.error)}: nothing is acknowledged from here on"
        self._fail(LogError(outcome.call, name, hint=reason))

    def _on_write(self, outcome: Outcome) -> None:
        if outcome.kind == SYNCED:
            self.syncs += 1
            self.sync_took = outcome.took
            self.latencies.append(outcome.took)
            self._stable.synced(outcome)
            self._wants_seal |= self._has_rolled and outcome.name != MARK
            self._has_rolled = False
            if self._idle:
                self._seal_if_due()
        if outcome.name == self._flying:
            self._flying = ""
        if outcome.name != MARK and outcome.seq > self._written:
            self._written = outcome.seq
            if self._failed is None:
                self._tell_durable(outcome.seq)

    def _fail(self, error: LogError) -> None:
        """Nothing is acknowledged any more, whatever the disk says later."""
        if self._failed is None:
            self._failed = error
            self._tell_failed(error)

    # What the broker asks.

    def piece(self) -> int:
        """Give the number of a piece that is not behind that of the next batch."""
        return self._segments.current.number if self._opened else 0

    def limit(self, most: int) -> None:
        """Say how many bytes the files should not exceed; what is owed goes before."""
        self._supply.most = most
        self._segments.fit(most)

    def trim(self, upto_seq: int) -> None:
        """Forget batches up to that number, as far as whole segments allow."""
        if self._opened:
            self._segments.trim(min(upto_seq, self._written))
            if self._idle:  # no frame may come to say that they are not needed
                self._seal_if_due()
                self._go_on()

    def usage(self) -> Usage:
        """Tell how much is used; room is 0 once a segment could not be prepared."""
        scan = self._look()
        if not self._opened:
            first = scan.headers[min(scan.headers)].first if scan.headers else 1
            # The segment to begin, and the spares.
            room = self.folder.room() - (1 + SPARE) * self._segments.size
            return Usage(0, max(0, room), first, scan.end.seq)
        segments = self._segments
        oldest = segments.kept[0]
        whole = len(segments.kept) > 1
        return Usage(
            segments.allocated(),
            self._room(),
            oldest.first,
            self._written,
            oldest.last if whole else 0,
            segments.size,
            oldest.number,
            segments.written(),
        )

    def _room(self) -> int:
        was_full = self._supply.full
        try:
            room = self._supply.room()
        except OSError as error:
            self._fail(LogError("statvfs", hint=error.strerror))
            return 0
        if was_full and room:
            self._go_on()
        return room

    def seal(self) -> None:
        """Note how far the log is durable: nothing will follow for a while."""
        if self._opened:
            self._idle = True
            self._seal_if_due()
            self._go_on()

    def _seal_if_due(self) -> None:
        oldest = self._segments.oldest
        self._wants_seal |= self._stable.wants_seal(self._written, oldest)

    def finish(self) -> None:
        """Block until nothing is in flight; only while starting and stopping."""
        while self._failed is None and (self._flying or self._waiting is not None):
            self.disk.wait()
            self.settle()

    def close(self) -> None:
        """Finish what is in flight, seal the end, and give the folder back."""
        if self._closed:
            return
        self.finish()
        self._seal_end()
        self._closed = True
        self.disk.close()
        self.folder.close()

    def _seal_end(self) -> None:
        """Sync everything, whatever the interval, while failing is still told."""
        sealed = self._stable.is_sealed(self._written)
        if self._opened and self._failed is None and not sealed:
            self._wants_seal = True
            self._go_on()
            self.finish()
