"""The form of a batch: what goes in comes out, and nothing else does."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import FormatError, NewerFormat
from penstock.log.frame import CHECKSUM, HEADER, HEADER_SIZE, checksum, seal, unseal
from penstock.testing.log_contract import SampleBatch, is_same, sample

U64 = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)


def reference_crc32c(content):
    """CRC-32C bit by bit, from its definition."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@given(U64, U64, U64, U64, U32, st.binary(max_size=200), U64, U32)
def test_a_batch_comes_back_as_it_was(
    seq, now, wall, next_id, count, content, term, previous
):
    batch = SampleBatch(seq, content, now, wall, next_id, count)
    sealed = seal(batch, term, previous)
    stored, size = unseal(sealed + b"what follows", previous)
    assert is_same(stored, batch)
    assert (stored.term, size) == (term, len(sealed))


def test_the_checksum_is_the_one_of_the_standard():
    # RFC 3720, appendix B.4.
    assert checksum(bytes(32)) == 0x8A9136AA
    assert checksum(bytes([255] * 32)) == 0x62A8AB43
    assert checksum(bytes(range(32))) == 0x46DD794E
    assert checksum(b"any bytes") == reference_crc32c(b"any bytes")


def test_the_fields_lie_where_the_format_says():
    sealed = seal(sample(7, 10), 3, 0xABCD)
    header = struct.unpack_from("<BBQQQQQIII", sealed)
    assert header == (1, 0, 3, 7, 7000, 14000, 21, 1, 0xABCD, 10)
    assert sealed[HEADER_SIZE:-4] == sample(7, 10).content
    assert len(sealed) == 54 + 4 + 10 + 4


def test_a_batch_that_is_cut_anywhere_is_refused():
    sealed = seal(sample(1), 1, 0)
    for end in range(len(sealed)):
        with pytest.raises(FormatError):
            unseal(sealed[:end])


def test_a_batch_with_any_bit_turned_is_refused():
    sealed = seal(sample(1), 1, 0)
    for bit in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            unseal(bytes(damaged))


def test_a_batch_that_does_not_follow_is_refused():
    sealed = seal(sample(1), 1, 5)
    assert unseal(sealed, 5)[0].seq == 1
    assert unseal(sealed)[0].seq == 1
    with pytest.raises(FormatError, match="does not follow"):
        unseal(sealed, 6)


def test_a_later_version_is_told_from_damage():
    fields = list(HEADER.unpack_from(seal(sample(1), 1, 0)))
    fields[0] = 2
    header = HEADER.pack(*fields)
    with pytest.raises(NewerFormat, match="version 2"):
        unseal(header + CHECKSUM.pack(checksum(header)) + bytes(30))
