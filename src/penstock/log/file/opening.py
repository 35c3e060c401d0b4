"""Making a folder ready to be written: a new store, or a new segment behind an old end.

Each step leaves a folder that the next start understands, and does again what was not
finished: a store is named last, a new segment's header is written after its frames.
"""

import errno
import secrets
from dataclasses import dataclass

from penstock.log.file import Folder
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    Header,
    frame_check,
    frame_size,
    padded,
    segment_name,
    store_line,
    write_frame,
    write_header,
    write_mark,
)
from penstock.log.file.quarantine import keep
from penstock.log.file.reading import PIECE
from penstock.log.file.scan import Scan
from penstock.log.file.segments import Segment, Segments

LEAST = 64 * 1024  # bytes of a new segment beyond what has to be in it
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that can be written: its id, the last batch's checksum, the last batch
    that is on stable storage, and which half of the mark is the older one."""

    store: bytes
    check: int
    mark: int
    half: int


def open_folder(folder: Folder, scan: Scan, segments: Segments) -> Opened:
    """Make the segment that the next batch goes to, and note all segments there are."""
    if scan.new:
        return _make_store(folder, scan, segments)
    # They hold nothing, and where there is no room a start has theirs.
    torn = "" if scan.torn is None else segment_name(scan.torn.number)
    for name in scan.unused:
        if name != torn:
            folder.remove(name)
    folder.sync()
    _keep_what_was_torn(folder, scan)
    if torn in scan.unused:
        folder.remove(torn)
        folder.sync()
    proven = max(scan.end.mark, min(scan.mark.seq, scan.end.seq))
    _note_kept(scan, segments, proven)
    check = _write_again(folder, scan, segments, proven)
    if not scan.mark.whole:
        seal = write_mark(scan.store, scan.mark.oldest, scan.mark.seq)
        folder.replace(MARK, 2 * seal)
    return Opened(scan.store, check, scan.end.seq, 1 - scan.mark.half)


def _make_store(folder: Folder, scan: Scan, segments: Segments) -> Opened:
    store = secrets.token_bytes(16)
    for name in scan.unused:
        folder.remove(name)
    header = Header(store, 1, 1, segments.size, 1, 0, 0)
    folder.create(segment_name(1), segments.size)
    folder.write(segment_name(1), 0, write_header(header))
    folder.replace(MARK, 2 * write_mark(store, 1, 0))
    folder.replace(STORE, store_line(store))
    segments.last_number = 1
    segments.kept.append(Segment(1, 1, 0, SECTOR, segments.size, segments.size))
    return Opened(store, 0, 0, 0)


def _keep_what_was_torn(folder: Folder, scan: Scan) -> None:
    """Put the bytes aside that are about to be cut off."""
    torn = scan.torn
    if torn is not None:
        # In whole sectors: a checksum may end with zeros.
        count = padded(torn.count)
        content = folder.read(segment_name(torn.number), torn.offset, count)
        keep(folder, torn.number, torn.offset, content)


def _note_kept(scan: Scan, segments: Segments, proven: int) -> None:
    numbers = sorted(scan.headers)
    lasts = [scan.headers[number].first - 1 for number in numbers[1:]]
    for number, last in zip(numbers, [*lasts, proven], strict=True):
        size = scan.folder.size(segment_name(number))
        first = scan.headers[number].first
        segments.kept.append(Segment(number, first, last, size, size, size))


def _write_again(folder: Folder, scan: Scan, segments: Segments, proven: int) -> int:
    """Begin a new segment with the batches that may not be on stable storage; give the
    last one's checksum."""
    number = scan.end.number + 1
    check = first_check = scan.check_of(proven)
    batches = list(scan.batches(proven + 1))
    used = SECTOR + sum(frame_size(len(each.payload)) for each in batches)
    name = segment_name(number)
    size = _create(folder, name, max(segments.size, used), used + LEAST)
    offset = SECTOR
    oldest = segments.oldest
    waiting = bytearray()  # so that many small frames share a sync
    for stored in batches:
        parts = write_frame(scan.store, number, oldest, proven, stored, check)
        check = frame_check(parts)
        waiting += b"".join(parts)
        if len(waiting) >= PIECE or stored is batches[-1]:
            folder.write(name, offset, bytes(waiting))
            offset += len(waiting)
            waiting.clear()
    # It is written last, so all that stands behind it is on stable storage.
    end = scan.end.seq
    header = Header(scan.store, number, oldest, size, proven + 1, end, first_check)
    folder.write(name, 0, write_header(header))
    segments.kept.append(Segment(number, proven + 1, scan.end.seq, offset, size, size))
    segments.last_number = number
    return check


def _create(folder: Folder, name: str, size: int, least: int) -> int:
    """Make a segment's file, a smaller one where there is no room; give its size."""
    try:
        folder.create(name, size)
    except OSError as error:
        if error.errno not in NO_SPACE or least >= size:
            raise
        folder.create(name, least)
        return least
    return size
