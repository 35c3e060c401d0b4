"""A damaged folder and what is said of it."""

from __future__ import annotations

import pytest

from penstock.log.file import layout
from penstock.log.file.layout import MARK, SECTOR, STORE, segment_name
from penstock.testing.verdicts import (
    ALTERED,
    LOST,
    NAMED,
    NEEDLESS,
    RECOVERED,
    REFUSED,
    TORN,
    VAGUE,
    Writer,
    goes_on,
    judge,
    with_bytes,
)


@pytest.fixture(scope="module")
def original():
    writer = Writer()
    writer.write(300, 900, 300)
    return writer.original(durable=2)


def test_what_is_whole_is_recovered(original):
    assert judge(original, original.files) == RECOVERED
    assert goes_on(original, original.files)


def test_what_is_torn_and_what_is_lost(original):
    name = segment_name(1)
    third, second = SECTOR + 512 + 1024, SECTOR + 512
    torn = with_bytes(original.files, name, third, bytes(SECTOR))
    assert judge(original, torn) == TORN
    lost = with_bytes(original.files, name, second, bytes(1024 + SECTOR))
    assert judge(original, lost) == LOST, "nothing there vouches for it: two at once"
    assert goes_on(original, torn)


def test_rot_is_refused_and_needless_where_it_must_not_be(original):
    rot = with_bytes(original.files, segment_name(1), SECTOR + 512, b"rot")
    assert judge(original, rot) == NAMED
    assert judge(original, rot, may_refuse=False) == NEEDLESS
    gone = {name: each for name, each in original.files.items() if name != MARK}
    assert judge(original, gone) == REFUSED


def test_a_refusal_without_a_place_is_vague(original, monkeypatch):
    monkeypatch.setattr(layout, "FORMAT", 0)
    assert judge(original, original.files) == VAGUE


def test_what_came_of_another_store_is_altered(original):
    other = Writer()
    other.write(300, 800)
    assert judge(original, other.original(durable=2).files) == ALTERED
    assert STORE in original.files
