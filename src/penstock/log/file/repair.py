"""Letting a damaged log end where it is still whole.

What is cut off is copied to the quarantine first. Until the last step the folder stays
as refused as it was, so a repair that was interrupted is simply done again.
"""

import time
from collections.abc import Iterator

from penstock.errors import LogFull
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.cut import Cut, numbers
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    Header,
    frame_size,
    read_header,
    segment_name,
    store_line,
    used,
    write_frame,
    write_header,
    write_mark,
)
from penstock.log.file.quarantine import free_name, keep
from penstock.log.file.scan import Scan

BESIDE = 16 * 1024  # bytes that a repair takes beside what it keeps, at the most
LOST_IDS = 1_000_000_000  # ids that may have been given by what cannot be read


def carry_out(folder: Folder, cut: Cut) -> None:
    """Let the log end there.

    Ids go on far above all that may have been given, so that none is given twice.
    Raises LogFull where there is no room to keep what is cut off, and LogCorrupt if the
    folder is not whole afterwards.
    """
    seq = cut.last.seq + 1
    _check_room(folder, cut)
    for number, offset, content in _cut_off(folder, cut):
        keep(folder, number, offset, content)
    # What tells of the damage may go with what is cut off; the mark stays.
    folder.replace(MARK, _mark(cut, max(cut.sealed, seq)))
    folder.replace(STORE, store_line(cut.store))
    for later in reversed(numbers(folder)):
        if later > cut.number:
            folder.remove(segment_name(later))
    folder.sync()
    _fill_up(folder, cut)
    if cut.offset:
        _wipe(folder, cut)
    _begin_anew(folder, cut)
    folder.replace(MARK, _mark(cut, seq))
    for _batch in Scan(folder).batches():
        pass  # raises where anything is not as it should be


def _mark(cut: Cut, seq: int) -> bytes:
    return 2 * write_mark(cut.store, cut.oldest, seq)


def _check_room(folder: Folder, cut: Cut) -> None:
    """Refuse where there is no room to keep what goes."""
    needed = BESIDE
    for number, offset, content in _cut_off(folder, cut):
        if free_name(folder, number, offset, content) is not None:
            needed += len(content)
    room = folder.room()
    if needed > room:
        hint = f"that takes {needed:,} bytes, {room:,} are free; nothing was changed"
        raise LogFull("keep what is cut off", hint=hint)


def _cut_off(folder: Folder, cut: Cut) -> Iterator[tuple[int, int, bytes]]:
    """Give what goes: the rest of a segment, later ones; number, offset, content."""
    for each in numbers(folder):
        # What is older than what is needed goes with the next start.
        if not cut.oldest <= each < cut.number:
            start = cut.offset if each == cut.number else 0
            name = segment_name(each)
            content = used(folder.read(name, start, folder.size(name)))
            if content:
                yield each, start, content


def _fill_up(folder: Folder, cut: Cut) -> None:
    """Give the segments in front their size: all that they have to hold is there."""
    for number in range(cut.oldest, cut.number):
        name = segment_name(number)
        header = read_header(folder.read(name, 0, SECTOR))
        short = 0 if header is None else header.size - folder.size(name)
        if short > 0:
            folder.write(name, folder.size(name), bytes(short))


def _wipe(folder: Folder, cut: Cut) -> None:
    """Leave zeros behind the last batch; a file that was cut short gets its size."""
    name = segment_name(cut.number)
    end = max(cut.size, folder.size(name))
    folder.write(name, cut.offset, bytes(end - cut.offset))


def _begin_anew(folder: Folder, cut: Cut) -> None:
    """Make the segment in which the log goes on."""
    # A segment whose very header is cut off makes place for the new one.
    number = cut.number + 1 if cut.offset else cut.number
    last = cut.last
    empty = Stored(
        last.term + 1,
        last.seq + 1,
        last.now,
        last.wall or time.time_ns(),
        cut.next_id + LOST_IDS,
        0,
        b"",
    )
    # As small as it can be: it may be for want of room that somebody repairs.
    size = SECTOR + frame_size(0)
    name = segment_name(number)
    folder.create(name, size)
    frame = write_frame(cut.store, number, cut.oldest, last.seq, empty, cut.check)
    folder.write(name, SECTOR, b"".join(frame))
    begun = Header(cut.store, number, cut.oldest, size, empty.seq, last.seq, cut.check)
    folder.write(name, 0, write_header(begun))
