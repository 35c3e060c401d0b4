"""Reading the frames of a segment, piece by piece."""

from collections.abc import Iterator

from penstock.errors import FormatError, LogCorrupt, NewerFormat
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.layout import (
    SECTOR,
    Frame,
    Header,
    frame_length,
    padded,
    read_frame,
    read_header,
    segment_name,
)
from penstock.log.file.segments import Segment

PIECE = 1024 * 1024  # bytes read at once

CHECK = "see `penstock check`, and `penstock repair` to cut there"


def frames(folder: Folder, header: Header, end: int) -> Iterator[tuple[int, Frame]]:
    """Give a segment's good frames up to a place, from the first on, with their
    offsets; a bad one ends them. Raises NewerFormat at one of a later release."""
    offset, seq, previous = SECTOR, header.first, header.previous
    name, piece = segment_name(header.number), PIECE
    while offset < end:
        content = folder.read(name, offset, min(piece, end - offset))
        at = 0
        while (size := frame_length(content, at)) and at + size <= len(content):
            try:
                frame = read_frame(content, at, header.store, header.number, previous)
            except NewerFormat as error:
                raise NewerFormat(f"{name} at offset {offset + at}: {error}") from None
            except FormatError:
                return
            if frame.stored.seq != seq:
                return
            yield offset + at, frame
            at, seq, previous = at + size, seq + 1, frame.check
        if at < len(content) and (not size or (at == 0 and len(content) < piece)):
            return  # no frame, or one that reaches beyond the end
        piece = PIECE if at else padded(size)
        offset += at


def read_segment(
    folder: Folder, segment: Segment, from_seq: int, last: int
) -> Iterator[Stored]:
    """Give the batches with these numbers of a segment that the server has written
    itself. Raises LogCorrupt where they cannot be read again."""
    last = min(segment.last, last)
    seq = segment.first - 1
    for _at, frame in frames(folder, _header(folder, segment), segment.end):
        seq = frame.stored.seq
        if from_seq <= seq <= last:
            yield frame.stored
        if seq >= last:
            return
    if seq < last:
        hint = f"batch {seq + 1} cannot be read again; {CHECK}"
        raise LogCorrupt("read", segment.name, hint=hint)


def _header(folder: Folder, segment: Segment) -> Header:
    try:
        header = read_header(folder.read(segment.name, 0, SECTOR))
    except FormatError:
        header = None
    if header is None:
        raise LogCorrupt("read", segment.name, offset=0, hint=CHECK)
    return header
