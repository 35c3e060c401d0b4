"""The form of a batch, the same on every log.

Header: version u8, flags u8, term u64, seq u64, now u64, wall u64, next_id u64, count
u32, previous batch's last checksum u32, length u32, checksum of the header u32; then
the events; then a checksum that goes on from the header's. All numbers least byte
first; checksums are CRC-32C (RFC 3720, appendix B.4) and begin at a seed that the log
chooses, so that a batch in the wrong place does not pass. The header is verified before
its length is believed.
"""

import struct

import google_crc32c

from penstock.errors import FormatError, NewerFormat
from penstock.log import Batch, Stored

VERSION = 1
HEADER = struct.Struct("<BBQQQQQIII")
CHECKSUM = struct.Struct("<I")
HEADER_SIZE = HEADER.size + CHECKSUM.size

Parts = tuple[bytes, bytes, bytes]


def checksum(content: bytes, seed: int = 0) -> int:
    """Give the CRC-32C of some bytes, going on from that of what came before."""
    return int(google_crc32c.extend(seed, content))


def parts(batch: Stored, previous: int, seed: int = 0) -> Parts:
    """Give a batch its form: header, events, checksum; `previous` is the checksum of
    the one before."""
    payload = batch.payload
    header = HEADER.pack(
        VERSION,
        0,
        batch.term,
        batch.seq,
        batch.now,
        batch.wall,
        batch.next_id,
        batch.count,
        previous,
        len(payload),
    )
    check = checksum(header, seed)
    last = checksum(payload, check)
    return header + CHECKSUM.pack(check), payload, CHECKSUM.pack(last)


def take(batch: Batch, term: int) -> Stored:
    """Take a batch's bytes: the broker uses its own again."""
    return Stored(
        term,
        batch.seq,
        batch.now,
        batch.wall,
        batch.next_id,
        batch.count,
        batch.payload(),
    )


def seal(batch: Batch, term: int, previous: int, seed: int = 0) -> bytes:
    """Give a batch its form in one piece."""
    return b"".join(parts(take(batch, term), previous, seed))


def last_checksum(sealed: bytes) -> int:
    """Give the checksum that the next batch names as its previous."""
    return int(CHECKSUM.unpack(sealed[-CHECKSUM.size :])[0])


def unseal(
    content: bytes, previous: int | None = None, seed: int = 0, at: int = 0
) -> tuple[Stored, int]:
    """Read back the batch that begins at `at`; give it with its size in bytes.

    Raises NewerFormat for a version of a later release, FormatError for anything that
    is not what was written, or that does not follow the batch before.
    """
    head = content[at : at + HEADER_SIZE]
    if len(head) < HEADER_SIZE:
        raise FormatError("a batch ends before its header does")
    check = CHECKSUM.unpack_from(head, HEADER.size)[0]
    if check != checksum(head[: HEADER.size], seed):
        raise FormatError("a batch's header is damaged")
    version, _flags, term, seq, now, wall, next_id, count, before, length = (
        HEADER.unpack_from(head)
    )
    if version > VERSION:
        raise NewerFormat(f"a batch has version {version}, known is {VERSION}")
    if previous is not None and before != previous:
        raise FormatError(f"batch {seq} does not follow the one before")
    end = at + HEADER_SIZE + length
    payload = content[end - length : end]
    last = content[end : end + CHECKSUM.size]
    if len(last) < CHECKSUM.size:
        raise FormatError(f"batch {seq} ends before its events do")
    if CHECKSUM.unpack(last)[0] != checksum(payload, check):
        raise FormatError(f"the events of batch {seq} are damaged")
    stored = Stored(term, seq, now, wall, next_id, count, bytes(payload))
    return stored, end + CHECKSUM.size - at
