"""The rare part of a job."""

import pytest

from penstock.core.extra import Extra
from penstock.core.kinds import UNTIL_GONE, UNTIL_RESERVED
from penstock.errors import FormatError
from tests.core.story import attribute


def test_it_begins_empty():
    assert Extra().is_empty()


def test_anything_in_it_makes_it_not_empty():
    for name, value in (("hold_reason", b"x"), ("notes", {b"n": b"v"})):
        extra = Extra()
        setattr(extra, name, value)
        assert not extra.is_empty()
    extra = Extra()
    extra.adopt(attribute(16, b"text/plain"))
    assert not extra.is_empty()


def test_what_is_heeded_is_read_out_of_the_attributes():
    content = attribute(16, b"text/plain") + attribute(
        18, (5 << 40).to_bytes(8, "little")
    )
    content += (
        attribute(19, b"\1key") + attribute(21, b"group") + attribute(200, b"new")
    )
    content += attribute(22, (300).to_bytes(4, "little") + b"dead")
    extra = Extra()
    extra.adopt(content)
    assert (extra.attributes, extra.expires) == (content, 5 << 40)
    assert (extra.dedup, extra.until, extra.group) == (b"key", UNTIL_RESERVED, b"group")
    assert (extra.most_reserves, extra.dead_letter) == (300, b"dead")


def test_other_attributes_take_the_place_of_all_that_were_there():
    extra = Extra()
    extra.adopt(attribute(19, b"\1key") + attribute(22, b"\1\0\0\0dead"))
    extra.adopt(attribute(22, b"\2\0\0\0"))
    assert (extra.dedup, extra.until) == (None, UNTIL_GONE)
    assert (extra.most_reserves, extra.dead_letter) == (2, None)
    extra.adopt(b"")
    assert extra.most_reserves == 0
    assert extra.is_empty()


@pytest.mark.parametrize(
    "content",
    [
        attribute(18, b"1234567"),
        attribute(18, b"123456789"),
        attribute(19, b"\0"),
        attribute(19, b"\2key"),
        attribute(22, b"123"),
        attribute(16, b"x")[:-1],
        b"\x10\1",
    ],
)
def test_what_is_heeded_has_one_form(content):
    with pytest.raises(FormatError):
        Extra().adopt(content)


def test_notes_are_its_own():
    first = Extra()
    first.notes[b"n"] = b"v"
    assert Extra().notes == {}


def test_attributes_of_a_tag_can_be_left_out():
    extra = Extra()
    extra.adopt(attribute(16, b"t") + attribute(19, b"\0k") + attribute(200, b"new"))
    assert extra.without(19) == attribute(16, b"t") + attribute(200, b"new")
    assert extra.without(20) == extra.attributes
