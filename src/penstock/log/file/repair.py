"""Letting a damaged log end where it is still whole.

What is cut off is copied to the quarantine first. Until the last step the folder stays
as refused as it was, so a repair that was interrupted is simply done again.
"""

import contextlib

from penstock.errors import FormatError, LogCorrupt
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.layout import (
    MARK,
    QUARANTINE,
    SECTOR,
    SEGMENT_SIZE,
    STORE,
    Frame,
    Header,
    frame_size,
    read_header,
    read_mark,
    read_store,
    segment_name,
    segment_number,
    write_frame,
    write_header,
    write_mark,
)
from penstock.log.file.reading import frames

LOST_IDS = 1 << 32  # ids that may have been given by what is cut off


def cut(folder: Folder, number: int, offset: int) -> None:
    """Let the log end in front of the frame at an offset of a segment.

    Ids go on far above all that may have been given, so that none is given twice.
    Raises LogCorrupt where what lies before the cut is damaged as well.
    """
    store = read_store(folder.read(STORE, 0, SECTOR))
    sealed, oldest = _sealed(folder, store), _oldest(folder, store, number)
    last = _last_before(folder, oldest, number, offset)
    _keep(folder, number, offset)
    # What tells of the damage may go with what is cut off; the mark stays.
    old, _check = _batch_of(last)
    folder.replace(MARK, 2 * write_mark(store, oldest, max(sealed, old.seq + 1)))
    for later in reversed(_numbers(folder)):
        if later > number:
            folder.remove(segment_name(later))
    folder.sync()
    # A segment whose very header is cut off makes place for the new one.
    following = number + 1 if offset >= SECTOR else number
    seq = _begin_anew(folder, store, oldest, following, last)
    folder.replace(MARK, 2 * write_mark(store, oldest, seq))


def _numbers(folder: Folder) -> list[int]:
    numbers = [segment_number(name) for name in folder.names()]
    return sorted(number for number in numbers if number is not None)


def _header(folder: Folder, number: int) -> Header | None:
    try:
        return read_header(folder.read(segment_name(number), 0, SECTOR))
    except FormatError:
        return None


def _oldest(folder: Folder, store: bytes, number: int) -> int:
    """Give the first segment that is still needed, as far as it can be told."""
    told = [
        header.oldest
        for each in _numbers(folder)
        if each <= number and (header := _header(folder, each)) is not None
    ]
    with contextlib.suppress(FormatError):  # then the headers have to do
        told.append(read_mark(folder.read(MARK, 0, 2 * SECTOR), store).oldest)
    return min(max(told, default=1), number)


def _sealed(folder: Folder, store: bytes) -> int:
    with contextlib.suppress(FormatError):  # it is made anew
        return read_mark(folder.read(MARK, 0, 2 * SECTOR), store).seq
    return 0


def _last_before(
    folder: Folder, oldest: int, number: int, offset: int
) -> tuple[Frame | None, Header | None]:
    """Give the last frame in front of the cut, and the header of its segment."""
    last: tuple[Frame | None, Header | None] = (None, None)
    for each in range(oldest, number + 1):
        header = _header(folder, each)
        name = segment_name(each)
        if header is None and (each < number or offset >= SECTOR):
            hint = "what lies before the cut is damaged as well: cut there"
            raise LogCorrupt("repair", name, offset=0, hint=hint)
        if header is None:
            break
        end = offset if each == number else folder.size(name)
        frame = None
        for _at, frame in frames(folder, header, end):
            last = (frame, header)
        if frame is None and last[1] is None:
            last = (None, header)
    return last


def _keep(folder: Folder, number: int, offset: int) -> None:
    """Copy to the quarantine what is cut off: the rest of a segment, later ones."""
    for each in _numbers(folder):
        if each < number:
            continue
        start = offset if each == number else 0
        name = segment_name(each)
        content = folder.read(name, start, folder.size(name)).rstrip(b"\0")
        if content:
            folder.replace(f"{QUARANTINE}{each:010}-{start}.cut", content)


def _batch_of(last: tuple[Frame | None, Header | None]) -> tuple[Stored, int]:
    """Give the last batch in front of the cut, and its checksum."""
    frame, header = last
    if frame is not None:
        return frame.stored, frame.check
    if header is not None:
        return Stored(0, header.first - 1, 0, 0, 1, 0, b""), header.previous
    return Stored(0, 0, 0, 0, 1, 0, b""), 0


def _begin_anew(
    folder: Folder,
    store: bytes,
    oldest: int,
    number: int,
    last: tuple[Frame | None, Header | None],
) -> int:
    """Make the segment in which the log goes on; give its first batch's number."""
    header = last[1]
    old, check = _batch_of(last)
    empty = Stored(
        old.term + 1, old.seq + 1, old.now, old.wall, old.next_id + LOST_IDS, 0, b""
    )
    size = SEGMENT_SIZE if header is None else header.size
    name = segment_name(number)
    folder.create(name, max(size, SECTOR + frame_size(0)))
    parts = write_frame(store, number, oldest, old.seq, empty, check)
    folder.write(name, SECTOR, b"".join(parts))
    begun = Header(store, number, oldest, size, empty.seq, old.seq, check)
    folder.write(name, 0, write_header(begun))
    return empty.seq
