"""Reading a data folder: what is there, where the log ends, and what to believe.

Nothing is changed. A bad frame is *torn* where the machine may have died while it was
written, and *rot* otherwise. It is rot if anything tells that the batch that belongs
there was durable once: it lies in a segment that another follows, or a frame behind it
or the mark says that the log was durable through it, or its file is shorter than it was
made. What was torn was never acknowledged; rot is refused, for what it has destroyed
may have been.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from penstock.errors import FormatError, LogCorrupt, LogUnfinished, NewerFormat
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    UNFINISHED,
    Header,
    Mark,
    find_frames,
    frame_length,
    read_frame,
    read_header,
    read_mark,
    read_store,
    segment_name,
    segment_number,
)
from penstock.log.file.lost_ids import LostIds, between
from penstock.log.file.reading import CHECK, frames

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class End:
    """Where the log ends: its last batch, that one's checksum, and the place behind.

    `mark` is the last batch known to be durable, `oldest` the first needed segment.
    `next_id`, `now`, `wall` and `term` are the last batch's.
    """

    number: int
    offset: int
    seq: int
    check: int
    mark: int
    oldest: int
    term: int = 0
    now: int = 0
    wall: int = 0
    next_id: int = 1


@dataclass(frozen=True, slots=True)
class Torn:
    """What the machine was writing when it died; `count` bytes reach to the last that
    is not zero."""

    number: int
    offset: int
    count: int


class _MisplacedError(FormatError):
    """A good header where it does not belong."""

    def __init__(self, header: Header) -> None:
        super().__init__("it belongs to another store or another place")
        self.header = header


class Scan:
    """A folder as it is now. Raises LogCorrupt, LogUnfinished or NewerFormat where it
    cannot be used.

    `headers` are the segments that count, by number; `unused` the files of segments
    that were prepared and not begun, or are no longer needed. A folder without a store
    is `new`.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.headers: dict[int, Header] = {}
        self.unused: list[str] = []
        self.torn: Torn | None = None
        self.store = b""
        self.mark = Mark(0, 1, 0, whole=True)
        names = folder.names()
        if UNFINISHED in names:
            hint = "do that again, it begins anew; or remove the folder"
            raise LogUnfinished("read", UNFINISHED, hint=hint)
        numbers = sorted(
            number for name in names if (number := segment_number(name)) is not None
        )
        self.new = STORE not in names
        if self.new:
            self._expect_nothing(numbers)
            self.end = End(0, 0, 0, 0, 0, 1)
            return
        self.store = self._believe(STORE, read_store, folder.read(STORE, 0, SECTOR))
        self._lost = LostIds(folder, self.store, self.headers)
        self._read_mark(names)
        damaged = self._read_headers(numbers)
        self.end = self._find_end(numbers, damaged)
        self._check_segments()

    # What there is.

    def _believe(self, name: str, read: Callable[[bytes], T], content: bytes) -> T:
        try:
            return read(content)
        except NewerFormat as error:
            raise NewerFormat(f"{name}: {error}") from None
        except FormatError as error:
            raise self._corrupt(name, 0, str(error)) from None

    def _corrupt(self, name: str, offset: int, reason: str) -> LogCorrupt:
        return LogCorrupt("read", name, offset=offset, hint=f"{reason}; {CHECK}")

    def _expect_nothing(self, numbers: list[int]) -> None:
        """A folder that names no store may hold a segment whose store was never made,
        and no batch."""
        for number in numbers:
            name = segment_name(number)
            if self._looks_used(name):
                raise self._corrupt(STORE, 0, f"it is missing, and {name} is there")
            self.unused.append(name)

    def _looks_used(self, name: str) -> bool:
        """Tell whether anything in a segment looks like a frame. Its header may be
        torn, or what the disk had there before the segment."""
        content = self.folder.read(name, 0, self.folder.size(name))
        try:
            read_header(content[:SECTOR])
        except NewerFormat:
            raise
        except FormatError:
            pass  # as good as none
        return any(frame_length(content, at) for at in range(0, len(content), SECTOR))

    def _read_mark(self, names: list[str]) -> None:
        if MARK not in names:
            raise self._corrupt(MARK, 0, "it is missing")
        self.folder.distrust(MARK)
        content = self.folder.read(MARK, 0, 2 * SECTOR)
        self.mark = self._believe(MARK, self._read_own_mark, content)

    def _read_own_mark(self, content: bytes) -> Mark:
        return read_mark(content, self.store)

    def _read_headers(self, numbers: list[int]) -> dict[int, FormatError]:
        """Note the segments that were begun; give what is wrong with others."""
        damaged = {}
        for number in numbers:
            name = segment_name(number)
            self.folder.distrust(name)
            try:
                header = read_header(self.folder.read(name, 0, SECTOR))
                if header is None:
                    continue
                if (header.store, header.number) != (self.store, number):
                    raise _MisplacedError(header)
                self.headers[number] = header
            except NewerFormat as error:
                raise NewerFormat(f"{name}: {error}") from None
            except FormatError as error:
                damaged[number] = error
        return damaged

    # Where it ends.

    def _find_end(self, numbers: list[int], damaged: dict[int, FormatError]) -> End:
        if not self.headers:
            raise self._corrupt(segment_name(1), 0, "no segment can be read")
        last = max(self.headers)
        name = segment_name(last)
        content = self.folder.read(name, 0, self._size(last))
        end = self._walk(last, len(content))
        later = [number for number in numbers if number > last]
        was_writing = self._find_torn(end, content, later, damaged)
        self._refuse_rot(end, content, later, was_writing=was_writing)
        for number, error in damaged.items():
            is_torn = number > last
            if is_torn and isinstance(error, _MisplacedError):
                is_torn = not self._is_needed_elsewhere(error, end.oldest)
            if not is_torn and number >= end.oldest:
                reason = f"{error}{self._lost.of(number)}"
                raise self._corrupt(segment_name(number), 0, reason)
        return end

    def _find_torn(
        self,
        end: End,
        content: bytes,
        later: list[int],
        damaged: dict[int, FormatError],
    ) -> bool:
        """Note what was being written; tell whether it was a batch.

        That is behind the end, or else the beginning of the segment that was to follow,
        of which any sector may be there. Other bytes may be what the disk had in the
        place of a segment that was being prepared.
        """
        rest = content[end.offset :].rstrip(b"\0")
        if rest:
            self.torn = Torn(end.number, end.offset, len(rest))
            return True
        for number in later:
            name = segment_name(number)
            begun = self.folder.read(name, 0, self.folder.size(name))
            follows = self._follows(begun, number, end.check)
            if follows or (number in damaged and self.torn is None):
                self.torn = Torn(number, 0, len(begun.rstrip(b"\0")))
            if follows:
                return True
        return False

    def _follows(self, content: bytes, number: int, check: int) -> bool:
        try:
            read_frame(content, SECTOR, self.store, number, check)
        except NewerFormat:
            raise
        except FormatError:
            return False
        return True

    def _is_needed_elsewhere(self, error: _MisplacedError, oldest: int) -> bool:
        """Tell a segment in the place of another from what a file that was being
        prepared shows of one that is long gone."""
        if error.header.store != self.store:
            return False
        return error.header.number >= max(oldest, self.mark.oldest)

    def _size(self, number: int) -> int:
        name = segment_name(number)
        size, made = self.folder.size(name), self.headers[number].size
        if size < made:
            short = f"it has {size} bytes and was made with {made}"
            reason = f"{short}{self._lost.of(number)}"
            raise self._corrupt(name, size, reason)
        return size

    def _walk(self, number: int, size: int) -> End:
        """Follow the frames of the last segment for as long as they are good."""
        header = self.headers[number]
        mark, oldest = max(header.mark, header.first - 1), header.oldest
        end = End(number, SECTOR, header.first - 1, header.previous, mark, oldest)
        for offset, frame in frames(self.folder, header, size):
            stored = frame.stored
            mark, oldest = max(mark, frame.mark), max(oldest, frame.oldest)
            end = End(
                number,
                offset + frame.size,
                stored.seq,
                frame.check,
                mark,
                oldest,
                stored.term,
                stored.now,
                stored.wall,
                stored.next_id,
            )
        return end

    def _refuse_rot(
        self, end: End, content: bytes, later: list[int], *, was_writing: bool
    ) -> None:
        """Raise LogCorrupt if the batch behind the end was durable once."""
        behind = find_frames(content, end.offset, self.store, end.number)
        for number in later:
            name = segment_name(number)
            prepared = self.folder.read(name, 0, self.folder.size(name))
            behind += find_frames(prepared, SECTOR, self.store, number)
        proofs = [frame for frame in behind if frame.mark > end.seq]
        reason = f"batch {end.seq + 1} was durable and is damaged or gone"
        if not proofs and max(end.mark, self.mark.seq) <= end.seq:
            if self.mark.whole or not was_writing:
                return
            # One write is in flight at a time, and each start makes the mark whole:
            # a crash has torn one of them.
            reason = f"batch {end.seq + 1} is damaged, and so is `{MARK}`"
        until = min([frame.stored.next_id for frame in proofs], default=None)
        ids = between(max(end.next_id, self._lost.first_of(end.number)), until)
        raise self._corrupt(segment_name(end.number), end.offset, f"{reason}{ids}")

    # Whether it is whole.

    def _check_segments(self) -> None:
        """Every segment that is needed is there, and each follows the one before."""
        oldest, last = self.end.oldest, max(self.headers)
        oldest = max(oldest, self.mark.oldest)
        for number in range(oldest, last + 1):
            if number not in self.headers:
                reason = f"it is missing{self._lost.of(number)}"
                raise self._corrupt(segment_name(number), 0, reason)
        for name in self.folder.names():
            found = segment_number(name)
            if found is not None and not oldest <= found <= last:
                self.unused.append(name)
        self.headers = {n: self.headers[n] for n in range(oldest, last + 1)}

    def batches(self, from_seq: int = 1) -> Iterator[Stored]:
        """Give the batches from that number on, oldest first, read as they are asked
        for. Raises LogCorrupt at what is damaged."""
        for number in sorted(self.headers):
            after = self.headers.get(number + 1)
            if after is None or after.first > from_seq:
                yield from self._segment(number, after, from_seq)

    def check_of(self, seq: int) -> int:
        """Give the checksum of the last batch of the log, or of one that the last
        segment holds or follows."""
        last = self.headers[self.end.number]
        if seq == self.end.seq:
            return self.end.check
        for _at, frame in frames(self.folder, last, self._size(last.number)):
            if frame.stored.seq == seq:
                return frame.check
        return last.previous

    def _segment(
        self, number: int, after: Header | None, from_seq: int
    ) -> Iterator[Stored]:
        header = self.headers[number]
        size = self._size(number)
        stop = self.end.seq + 1 if after is None else after.first
        seq, check, offset, next_id = header.first, header.previous, SECTOR, 1
        for at, frame in frames(self.folder, header, size):
            if seq >= stop:
                break
            offset, check, next_id = at + frame.size, frame.check, frame.stored.next_id
            seq += 1
            if frame.stored.seq >= from_seq:
                yield frame.stored
        if seq < stop:
            ids = between(next_id, self._lost.next_behind(number, offset))
            reason = f"batch {seq} is damaged{ids}"
            raise self._corrupt(segment_name(number), offset, reason)
        if after is not None and check != after.previous:
            reason = f"{segment_name(after.number)} does not follow it"
            raise self._corrupt(segment_name(number), offset, reason)
