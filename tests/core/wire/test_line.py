"""One command line: numbers and names, against a reference."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.wire.line import LONGEST_NAME, NAME_CHARACTERS, Line, is_name
from tests.core.wire.conversation import Conversation

U64 = 2**64 - 1
NEAR_THE_EDGE = st.integers(-3, 3).map(lambda n: str(max(0, 2**64 + n)))
NUMBERS = st.one_of(
    st.integers(0, 2**65).map(str),
    NEAR_THE_EDGE,
    st.integers(2**32 - 3, 2**32 + 3).map(str),
    st.text("0123456789 +-x", max_size=24),
)


def reference(text, most):
    """Give the number of a line that is spaces and digits, None for all others."""
    match = re.fullmatch(r" *(\d+)", text)
    if match is None or not match[1].isascii() or int(match[1]) > most:
        return None
    return int(match[1])


def reference_strtoul(text):
    """Give what C's strtoul makes of a line, in 32 bits."""
    match = re.match(r"[ \t]*([+-]?)(\d+)", text)
    if match is None or int(match[2]) > U64:
        return None
    value = int(match[2])
    return (-value if match[1] == "-" else value) % 2**32


@given(NUMBERS)
def test_an_id_is_read_as_the_reference_reads_it(text):
    said = Conversation().say(f"peek {text}\r\n".encode())
    expected = b"BAD_FORMAT" if reference(text, U64) is None else b"NOT_FOUND"
    assert said == expected + b"\r\n"


@given(NUMBERS.filter(lambda text: " " not in text))
def test_a_number_of_thirty_two_bits_is_read_as_the_reference_reads_it(text):
    conversation = Conversation()
    said = conversation.say(f"put {text} 0 1 0\r\n\r\n".encode())
    pri = reference(text, 2**32 - 1)
    if pri is None:
        assert said == b"BAD_FORMAT\r\nUNKNOWN_COMMAND\r\n"
    else:
        assert said == b"INSERTED 1\r\n"
        assert conversation.story.job(1).pri == pri


@given(NUMBERS)
def test_a_bound_is_read_as_c_reads_it(text):
    conversation = Conversation()
    for _ in range(3):
        conversation.say(b"put 0 60 1 0\r\n\r\n")
    said = conversation.say(f"kick {text}\r\n".encode())
    bound = reference_strtoul(text)
    if bound is None:
        assert said == b"BAD_FORMAT\r\n"
    else:
        assert said == b"KICKED %d\r\n" % min(bound, 3)


@given(st.binary(max_size=210))
def test_a_name_is_one_the_protocol_allows(name):
    allowed = re.fullmatch(rb"[A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]{0,199}", name)
    assert is_name(name) == (allowed is not None)


@pytest.mark.parametrize("name", [b"", b"-a", b"a b", b"a\n", b"\xc3\xa9", b"a" * 201])
def test_these_are_no_names(name):
    assert not is_name(name)


def test_the_longest_name_with_every_character_is_one():
    assert is_name(b"a" * LONGEST_NAME)
    assert is_name(bytes(sorted(NAME_CHARACTERS, reverse=True)))


def test_a_new_line_is_done():
    line = Line()
    assert line.is_done()
    assert line.value == 0
