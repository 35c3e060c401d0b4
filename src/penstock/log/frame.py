"""The form of a batch, the same on every log.

Header: version u8, flags u8, term u64, seq u64, now u64, wall u64, next_id u64, count
u32, previous batch's payload checksum u32, length u32, checksum of the header u32; then
the events; then their checksum u32. All numbers least byte first; checksums are CRC-32C
(RFC 3720, appendix B.4). The header is verified before its length is believed.
"""

import struct

import google_crc32c

from penstock.errors import FormatError, NewerFormat
from penstock.log import Batch, Stored

VERSION = 1
HEADER = struct.Struct("<BBQQQQQIII")
CHECKSUM = struct.Struct("<I")
HEADER_SIZE = HEADER.size + CHECKSUM.size


def checksum(content: bytes) -> int:
    """Give the CRC-32C of some bytes."""
    return int(google_crc32c.value(content))


def seal(batch: Batch, term: int, previous: int) -> bytes:
    """Give a batch its form; `previous` is the checksum of the one before."""
    payload = batch.payload()
    header = HEADER.pack(
        VERSION,
        0,
        term,
        batch.seq,
        batch.now,
        batch.wall,
        batch.next_id,
        batch.count,
        previous,
        len(payload),
    )
    return b"".join(
        (
            header,
            CHECKSUM.pack(checksum(header)),
            payload,
            CHECKSUM.pack(checksum(payload)),
        )
    )


def unseal(content: bytes, previous: int | None = None) -> tuple[Stored, int]:
    """Read a batch back; give it with its size in bytes.

    Raises NewerFormat for a version of a later release, FormatError for anything that
    is not what was written, or that does not follow the batch before.
    """
    if len(content) < HEADER_SIZE:
        raise FormatError("a batch ends before its header does")
    header = content[: HEADER.size]
    if CHECKSUM.unpack_from(content, HEADER.size)[0] != checksum(header):
        raise FormatError("a batch's header is damaged")
    version, _flags, term, seq, now, wall, next_id, count, before, length = (
        HEADER.unpack(header)
    )
    if version > VERSION:
        raise NewerFormat(f"a batch has version {version}, known is {VERSION}")
    if previous is not None and before != previous:
        raise FormatError(f"batch {seq} does not follow the one before")
    size = HEADER_SIZE + length + CHECKSUM.size
    payload = content[HEADER_SIZE : HEADER_SIZE + length]
    if len(content) < size:
        raise FormatError(f"batch {seq} ends before its events do")
    if CHECKSUM.unpack_from(content, HEADER_SIZE + length)[0] != checksum(payload):
        raise FormatError(f"the events of batch {seq} are damaged")
    return Stored(term, seq, now, wall, next_id, count, payload), size
