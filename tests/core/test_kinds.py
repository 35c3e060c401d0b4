"""The numbers of the format, which never change."""

from penstock.core import kinds

# Written down once more on purpose: what is on disk has these numbers.
EVENTS = [
    "PUT",
    "RESERVE",
    "TOUCH",
    "RETURN",
    "RELEASE",
    "BURY",
    "KICK",
    "HOLD",
    "FREE",
    "CHANGE",
    "DELETE",
    "CLEAR",
    "PAUSE",
    "NOTE",
    "SET",
    "UNSET",
    "JOB_IMAGE",
    "SET_IMAGE",
    "PAUSE_IMAGE",
    "BOOT",
    "SEAL",
]
TAGS = ("BODY", "TOKEN", "REASON", "KEY", "VALUE", "NOTE")


def test_kinds_are_numbered_in_this_order():
    assert [getattr(kinds, name) for name in EVENTS] == list(range(1, 22))


def test_tags_are_numbered_in_this_order():
    assert [getattr(kinds, f"TAG_{name}") for name in TAGS] == list(range(1, 7))
    assert (kinds.FIRST_JOB_TAG, kinds.LAST_JOB_TAG) == (16, 31)
    assert kinds.FIRST_SKIPPABLE == 128


def test_the_bits_of_a_change_are_apart():
    names = ("TUBE", "PRI", "DUE", "ATTRIBUTES")
    assert [getattr(kinds, f"CHANGE_{name}") for name in names] == [1, 2, 4, 8]
