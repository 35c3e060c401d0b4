"""The rare part of a job."""

from penstock.core.extra import Extra


def test_it_begins_empty():
    assert Extra().is_empty()


def test_anything_in_it_makes_it_not_empty():
    for name, value in (
        ("attributes", b"x"),
        ("hold_reason", b"x"),
        ("notes", {b"n": b"v"}),
    ):
        extra = Extra()
        setattr(extra, name, value)
        assert not extra.is_empty()


def test_notes_are_its_own():
    first = Extra()
    first.notes[b"n"] = b"v"
    assert Extra().notes == {}
