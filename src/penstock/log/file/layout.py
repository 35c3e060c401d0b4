"""How a data folder looks, byte for byte: segments, frames, `store` and `mark`.

A segment is a header of one sector, then frames that each begin on a sector, so that a
torn write cannot damage what was synced before it. A frame is a prefix, a batch, and
zeros. The batch's checksums begin at a seed made of the store's id, the segment's
number and the prefix: a frame of another store, another segment, or with another
prefix does not pass.

A header of zeros is that of a segment which was prepared and not begun.
"""

import json
import re
import struct
from dataclasses import dataclass

from penstock.errors import FormatError, NewerFormat
from penstock.log import Stored
from penstock.log.frame import (
    CHECKSUM,
    HEADER,
    HEADER_SIZE,
    Parts,
    checksum,
    parts,
    unseal,
)

FORMAT = 1
SECTOR = 512
SEGMENT_SIZE = 16 * 1024 * 1024  # bytes at most; a larger batch makes its own larger

STORE = "store"
MARK = "mark"
LOCK = "lock"
UNFINISHED = "unfinished"
QUARANTINE = "quarantine/"
SEGMENT_NAME = re.compile(r"(\d{10})\.log")

MAGIC = b"PENSTOCK"
# Magic, format, number, oldest needed segment, size when made, first seq, durable
# through, checksum of the batch before, store.
SEGMENT = struct.Struct("<8sIIIQQQI16s")
PREFIX_MAGIC = 0xB4A7C9F1
PREFIX = struct.Struct("<IIQ")  # magic, oldest needed segment, durable through
FRAME_START = struct.pack("<I", PREFIX_MAGIC)
LENGTH = struct.Struct("<I")
SEAL_MAGIC = b"PENSSEAL"  # no seal passes for a header
SEALED = struct.Struct("<8sIQ16s")  # magic, oldest needed segment, seq, store


def segment_name(number: int) -> str:
    """Give the name of a segment's file."""
    return f"{number:010}.log"


def segment_number(name: str) -> int | None:
    """Give the number of a segment by its file's name; None for other files."""
    match = SEGMENT_NAME.fullmatch(name)
    return int(match[1]) if match else None


def padded(size: int) -> int:
    """Round bytes up to whole sectors."""
    return -(-size // SECTOR) * SECTOR


def used(content: bytes) -> bytes:
    """Give what was written, in whole sectors: a checksum may end with zeros."""
    return content[: padded(len(content.rstrip(b"\0")))]


def _sector(content: bytes) -> bytes:
    """Fill a sector up, with the checksum in its last four bytes."""
    filled = content.ljust(SECTOR - CHECKSUM.size, b"\0")
    return filled + CHECKSUM.pack(checksum(filled))


def _is_sector(content: bytes) -> bool:
    filled = content[: SECTOR - CHECKSUM.size]
    return len(content) == SECTOR and _sector(filled) == content


# Which store this is.


def store_line(store: bytes) -> bytes:
    """Write the file that names a store and its format."""
    told = {"penstock": "data folder", "format": FORMAT, "id": store.hex()}
    return json.dumps({**told, "check": _check_of(told)}).encode() + b"\n"


def _check_of(told: dict[str, object]) -> str:
    return f"{checksum(json.dumps(told, sort_keys=True).encode()):08x}"


def read_store(content: bytes) -> bytes:
    """Read a store's id; raises NewerFormat or FormatError."""
    try:
        told = json.loads(content)
        check = told.pop("check")
        version, store = told["format"], bytes.fromhex(told["id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FormatError("it does not name a store") from None
    if check != _check_of(told) or len(store) != 16:
        raise FormatError("it is damaged")
    if version > FORMAT:
        raise NewerFormat(f"the folder has format {version}, known is {FORMAT}")
    return store


# Segments.


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment says of itself. `first` is the number of its first batch,
    `previous` the checksum of the batch before that; `oldest` the first segment that is
    still needed, `mark` the last batch known to be durable, when it was begun."""

    store: bytes
    number: int
    oldest: int
    size: int
    first: int
    mark: int
    previous: int


def write_header(header: Header) -> bytes:
    """Give a header its sector."""
    return _sector(
        SEGMENT.pack(
            MAGIC,
            FORMAT,
            header.number,
            header.oldest,
            header.size,
            header.first,
            header.mark,
            header.previous,
            header.store,
        )
    )


def read_header(content: bytes) -> Header | None:
    """Read a segment's first sector; None where it was not begun.

    Raises FormatError for a damaged one, NewerFormat for one of a later release.
    """
    if not content.strip(b"\0"):
        return None
    if not _is_sector(content) or not content.startswith(MAGIC):
        raise FormatError("a segment's header is damaged")
    _magic, version, number, oldest, size, first, mark, previous, store = (
        SEGMENT.unpack_from(content)
    )
    if version > FORMAT:
        raise NewerFormat(f"a segment has format {version}, known is {FORMAT}")
    return Header(store, number, oldest, size, first, mark, previous)


# Frames.


@dataclass(frozen=True, slots=True)
class Frame:
    """A batch where it stands; `size` counts whole sectors, `check` is what the next
    one names as its previous."""

    stored: Stored
    oldest: int
    mark: int
    size: int
    check: int


def _seed(store: bytes, number: int, prefix: bytes) -> int:
    return checksum(store + number.to_bytes(4, "little") + prefix)


def frame_size(payload: int) -> int:
    """Count the bytes of a frame whose events are so many."""
    return padded(PREFIX.size + HEADER_SIZE + payload + CHECKSUM.size)


def frame_length(content: bytes, at: int) -> int:
    """Read how long a frame says it is, unverified; 0 where none begins."""
    if not content.startswith(FRAME_START, at):
        return 0
    end = at + PREFIX.size + HEADER.size
    if len(content) < end:
        return SECTOR
    return frame_size(LENGTH.unpack_from(content, end - LENGTH.size)[0])


def write_frame(
    store: bytes, number: int, oldest: int, mark: int, batch: Stored, last: int
) -> Parts:
    """Give a batch its form in a segment; `last` is the checksum of the one before."""
    prefix = PREFIX.pack(PREFIX_MAGIC, oldest, mark)
    head, payload, check = parts(batch, last, _seed(store, number, prefix))
    size = len(prefix) + len(head) + len(payload) + len(check)
    return prefix + head, payload, check + bytes(padded(size) - size)


def frame_check(frame: Parts) -> int:
    """Give what the next frame names as its previous."""
    return int(CHECKSUM.unpack_from(frame[2])[0])


def read_frame(
    content: bytes, at: int, store: bytes, number: int, previous: int | None
) -> Frame:
    """Read the frame at an offset of a segment's content.

    `previous` is the checksum that it has to name, None for any. Raises FormatError, or
    NewerFormat for a batch of a later release.
    """
    prefix = content[at : at + PREFIX.size]
    if len(prefix) < PREFIX.size:
        raise FormatError("a frame is cut short")
    magic, oldest, mark = PREFIX.unpack(prefix)
    if magic != PREFIX_MAGIC:
        raise FormatError("no frame begins here")
    seed = _seed(store, number, prefix)
    stored, size = unseal(content, previous, seed, at + PREFIX.size)
    end = at + PREFIX.size + size
    stored.piece = number
    if content[end : padded(end)].strip(b"\0"):
        raise FormatError(f"batch {stored.seq} is followed by what nobody wrote")
    check = CHECKSUM.unpack_from(content, end - CHECKSUM.size)[0]
    return Frame(stored, oldest, mark, padded(end) - at, check)


def find_frames(content: bytes, start: int, store: bytes, number: int) -> list[Frame]:
    """List the frames that pass, wherever they begin from that offset on. Raises
    NewerFormat at one of a later release."""
    found = []
    at = content.find(FRAME_START, start)
    while at >= 0:
        if at % SECTOR == 0:
            try:
                found.append(read_frame(content, at, store, number, None))
            except NewerFormat:
                raise
            except FormatError:
                pass  # what looks like a frame and is none is sorted out here
        at = content.find(FRAME_START, at + 1)
    return found


# The mark: how far the log was sealed.


def write_mark(store: bytes, oldest: int, seq: int) -> bytes:
    """Give a seal its sector."""
    return _sector(SEALED.pack(SEAL_MAGIC, oldest, seq, store))


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """A seal: the log is durable through `seq`, `oldest` is the first segment needed.

    `half` is where it stands, 0 or 1; `whole` tells whether the other one is good too.
    """

    seq: int
    oldest: int
    half: int
    whole: bool


def read_mark(content: bytes, store: bytes) -> Mark:
    """Read the newer of two seals.

    One of them may be torn: it was being written. Raises FormatError if both are bad.
    """
    good = []
    for half in (0, 1):
        sector = content[half * SECTOR : (half + 1) * SECTOR]
        if _is_sector(sector):
            magic, oldest, seq, owner = SEALED.unpack_from(sector)
            if (magic, owner) == (SEAL_MAGIC, store):
                good.append((seq, oldest, half))
    if not good:
        raise FormatError("both halves of it are damaged")
    return Mark(*max(good), whole=len(good) == 2)
