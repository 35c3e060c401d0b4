"""Reading events back, checked at each step."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import kinds
from penstock.core.reader import Reader
from penstock.errors import FormatError, NewerFormat
from tests.core.story import attribute


def event(kind, content):
    return struct.pack("<BI", kind, len(content)) + content


def test_fields_are_read_in_the_order_of_writing():
    content = struct.pack("<BIQB", 1, 2, 2**64 - 1, 3) + b"abc"
    reader = Reader(event(5, content))
    assert reader.next()
    assert reader.kind == 5
    assert (reader.u8(), reader.u32(), reader.u64()) == (1, 2, 2**64 - 1)
    assert (reader.string(), reader.rest()) == (b"abc", 0)
    assert not reader.next()


def test_what_was_not_read_of_an_event_is_passed_over():
    reader = Reader(event(1, b"unread") + event(2, b""))
    assert reader.next()
    assert reader.next()
    assert reader.kind == 2


def test_no_field_reaches_beyond_its_event():
    reader = Reader(event(1, b"abc") + event(2, b"defghijk"))
    reader.next()
    for read in (reader.u32, reader.u64, lambda: reader.take(4), reader.string):
        with pytest.raises(FormatError):
            read()


def test_attributes_are_sorted_by_their_tags():
    content = b"".join(
        (
            attribute(kinds.TAG_TOKEN, b"t"),
            attribute(20, b"job's"),
            attribute(kinds.TAG_NOTE, b"\x01nvalue"),
            attribute(250, b"future"),
            attribute(kinds.TAG_BODY, b"b"),
        )
    )
    reader = Reader(event(1, content))
    reader.next()
    reader.attributes()
    assert (reader.token, reader.body, reader.key) == (b"t", b"b", None)
    assert reader.notes == {b"n": b"value"}
    assert reader.kept == attribute(20, b"job's") + attribute(250, b"future")


def test_attributes_of_one_event_are_not_those_of_the_next():
    reader = Reader(event(1, attribute(kinds.TAG_BODY, b"b")) + event(1, b""))
    reader.next()
    reader.attributes()
    reader.next()
    reader.attributes()
    assert (reader.body, reader.kept) == (None, b"")


def test_a_tag_of_a_later_release_is_told():
    reader = Reader(event(1, attribute(99, b"")))
    reader.next()
    with pytest.raises(NewerFormat, match="attribute 99"):
        reader.attributes()


def test_nothing_is_read_from_nothing():
    assert not Reader(b"").next()


@given(st.binary(max_size=100))
def test_any_bytes_are_events_or_are_refused(content):
    reader = Reader(content)
    try:
        while reader.next():
            reader.attributes()
    except (FormatError, NewerFormat):
        return
    assert reader.rest() == 0
