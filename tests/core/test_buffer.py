"""The buffer, against a bytearray."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.buffer import Buffer

STEPS = st.lists(
    st.one_of(
        st.binary(max_size=300),
        st.integers(0, 400),
        st.sampled_from([b"x" * 5000, b"", "clear", "free", "rewind"]),
    ),
    max_size=60,
)


@given(STEPS)
def test_adding_and_dropping_match_a_bytearray(steps):
    buffer, reference = Buffer(), bytearray()
    for step in steps:
        if isinstance(step, bytes):
            buffer.add(step)
            reference += step
        elif isinstance(step, int):
            count = min(step, len(reference))
            buffer.drop(count)
            del reference[:count]
        else:
            getattr(buffer, step)()
            reference.clear()
        assert len(buffer) == len(reference)
        assert bytes(buffer) == bytes(reference)


@pytest.mark.parametrize("number", [0, 9, 10, 99, 100, 2**32, 10**19, 2**64 - 1])
def test_numbers_are_written_in_decimal(number):
    buffer = Buffer()
    buffer.add(b"<")
    buffer.add_decimal(number)
    buffer.add(b">")
    assert bytes(buffer) == b"<%d>" % number


def test_fixed_numbers_lie_least_byte_first():
    buffer = Buffer()
    buffer.room(32)
    buffer.put_u8(0x1FF)
    buffer.put_u32(0x01020304)
    buffer.put_u64(0x0102030405060708)
    assert bytes(buffer) == b"\xff\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01"
    buffer.set_u32(1, 0xAABBCCDD)
    assert bytes(buffer)[1:5] == b"\xdd\xcc\xbb\xaa"


def test_room_keeps_what_is_there():
    buffer = Buffer()
    buffer.add(b"abcdef")
    buffer.drop(3)
    buffer.room(100_000)
    assert bytes(buffer) == b"def"
