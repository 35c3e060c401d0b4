"""Where a damaged log can end: a place behind which nothing is needed, and in front of
which everything is whole.

Nothing is changed here.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from penstock.errors import FormatError, LogCorrupt, NewerFormat
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    Frame,
    Header,
    Mark,
    find_frames,
    read_header,
    read_mark,
    read_store,
    segment_name,
    segment_number,
)
from penstock.log.file.quarantine import segment_of
from penstock.log.file.reading import frames

NOTHING = Stored(0, 0, 0, 0, 1, 0, b"")  # the batch in front of the first


@dataclass(frozen=True, slots=True)
class Cut:
    """`last` is the batch that the log is to end with and `check` its checksum;
    `offset` is the place behind it, 0 where segment `number` goes as a whole.

    `oldest` is the first segment that is needed, `sealed` the last batch that the mark
    vouches for, `next_id` the highest that anything in the folder tells of, cut off or
    not. `size` is what the segment was made with.
    """

    store: bytes
    number: int
    offset: int
    size: int
    oldest: int
    last: Stored
    check: int
    sealed: int
    next_id: int


def plan(folder: Folder, number: int, offset: int) -> Cut:
    """See what ending the log at an offset of a segment comes to; within a batch, it
    ends in front of that.

    Raises LogCorrupt, with the place, where what lies before is damaged as well.
    """
    store = store_of(folder)
    headers = _headers(folder, store)
    mark = _mark(folder, store)
    oldest = min(_oldest(folder, headers, mark, store), number)
    place = _Place(number, 0, NOTHING, 0)
    for found in _places(folder, headers, oldest, number, offset):
        place = found
    if place.number == number > oldest and place.offset == SECTOR:
        # The one before may hold more than this one follows: a start wrote it again.
        return plan(folder, number, 0)
    return Cut(
        store,
        number,
        place.offset if place.number == number else 0,
        headers[number].size if number in headers else 0,
        oldest,
        place.last,
        place.check,
        0 if mark is None else mark.seq,
        highest_id(folder, store),
    )


def kept(folder: Folder, cut: Cut) -> Iterator[Stored]:
    """Give the batches in front of a cut."""
    headers = _headers(folder, cut.store)
    for place in _places(folder, headers, cut.oldest, cut.number, cut.offset):
        if place.offset > SECTOR:
            yield place.last


def store_of(folder: Folder) -> bytes:
    """Tell which store this is; where its file is gone, the segments know."""
    with contextlib.suppress(FileNotFoundError):
        try:
            return read_store(folder.read(STORE, 0, SECTOR))
        except NewerFormat:
            raise
        except FormatError:
            pass  # as good as none
    told = Counter(
        header.store for each in numbers(folder) if (header := _header(folder, each))
    )
    if not told:
        raise LogCorrupt("repair", STORE, hint="nothing tells which store this is")
    return told.most_common(1)[0][0]


def numbers(folder: Folder) -> list[int]:
    """List the segments that have a file, those included that were not begun."""
    found = (segment_number(name) for name in folder.names())
    return sorted(number for number in found if number is not None)


def begun(folder: Folder) -> list[int]:
    """List the segments whose header is there, good or bad."""
    return [
        number
        for number in numbers(folder)
        if folder.read(segment_name(number), 0, SECTOR).strip(b"\0")
    ]


def highest_id(folder: Folder, store: bytes) -> int:
    """Give the highest next id that any batch tells of, wherever it lies."""
    found = (each.stored.next_id for _name, each in readable(folder, store))
    return max(found, default=1)


def readable(folder: Folder, store: bytes) -> Iterator[tuple[str, Frame]]:
    """Give every frame that can be read and the file it is in, damage in front of it or
    not, of what was cut off before and of the log."""
    for name in folder.kept():
        content = folder.read(name, 0, folder.size(name))
        for frame in find_frames(content, 0, store, segment_of(name)):
            yield name, frame
    for number in numbers(folder):
        for frame in _frames_in(folder, number, store):
            yield segment_name(number), frame


def _frames_in(folder: Folder, number: int, store: bytes) -> list[Frame]:
    name = segment_name(number)
    content = folder.read(name, 0, folder.size(name))
    return find_frames(content, SECTOR, store, number)


def _header(folder: Folder, number: int) -> Header | None:
    try:
        return read_header(folder.read(segment_name(number), 0, SECTOR))
    except NewerFormat:
        raise
    except FormatError:
        return None


def _headers(folder: Folder, store: bytes) -> dict[int, Header]:
    """Give the headers that are good and where they belong."""
    found = ((each, _header(folder, each)) for each in numbers(folder))
    return {
        number: header
        for number, header in found
        if header is not None and (header.store, header.number) == (store, number)
    }


def _mark(folder: Folder, store: bytes) -> Mark | None:
    with contextlib.suppress(FormatError, FileNotFoundError):  # it is made anew
        return read_mark(folder.read(MARK, 0, 2 * SECTOR), store)
    return None


def _oldest(
    folder: Folder, headers: dict[int, Header], mark: Mark | None, store: bytes
) -> int:
    """Give the first segment that is still needed, as far as it can be told: what any
    batch or header says, also behind the cut, holds for what is gone."""
    told = [1] if mark is None else [mark.oldest]
    told += [header.oldest for header in headers.values()]
    for number in numbers(folder):
        told += [frame.oldest for frame in _frames_in(folder, number, store)]
    return max(told)


@dataclass(frozen=True, slots=True)
class _Place:
    """The beginning of a segment, or a place behind a batch: that one, its checksum."""

    number: int
    offset: int
    last: Stored
    check: int


def _places(
    folder: Folder, headers: dict[int, Header], oldest: int, number: int, offset: int
) -> Iterator[_Place]:
    """Give every place in front of one. Raises LogCorrupt at what does not follow."""
    place = _Place(oldest, 0, NOTHING, 0)
    last = number if offset >= SECTOR else number - 1
    for each in range(oldest, last + 1):
        header = headers.get(each)
        if header is None:
            raise _damaged(each, 0)
        if each == oldest:
            before = Stored(0, header.first - 1, 0, 0, 1, 0, b"")
            place = _Place(each, SECTOR, before, header.previous)
        elif (header.first, header.previous) != (place.last.seq + 1, place.check):
            raise _damaged(place.number, place.offset)
        place = _Place(each, SECTOR, place.last, place.check)
        yield place
        size = folder.size(segment_name(each))
        end = min(offset, size) if each == number else size
        following = headers.get(each + 1) if each < last else None
        for at, frame in frames(folder, header, end):
            if following is not None and frame.stored.seq >= following.first:
                break  # a start has written it again
            place = _Place(each, at + frame.size, frame.stored, frame.check)
            yield place


def _damaged(number: int, offset: int) -> LogCorrupt:
    hint = "what lies before the cut is damaged as well: cut there"
    return LogCorrupt("repair", segment_name(number), offset=offset, hint=hint)
