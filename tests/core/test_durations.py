"""Durations as people write them."""

import pytest

from penstock.core.durations import LONGEST, parse

MS = 1_000_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("30", 30_000),
        ("30s", 30_000),
        ("1.5s", 1_500),
        ("0.001", 1),
        ("200ms", 200),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("7d", 604_800_000),
        ("0.5d", 43_200_000),
    ],
)
def test_a_number_alone_counts_seconds(text, milliseconds):
    assert parse(text) == milliseconds * MS


def test_less_than_a_nanosecond_is_nothing():
    assert parse("0.000000001") == 1
    assert parse("0.0000001ms") == 0


def test_the_longest_is_what_the_protocol_can_say():
    assert parse("4294967295") == LONGEST
    with pytest.raises(ValueError, match="the longest is 4294967295 s"):
        parse("4294967296")


@pytest.mark.parametrize(
    "text", ["", "-1", "1 s", "s", "1.", ".5", "1e3", "1w", "\u0661"]
)
def test_what_is_no_duration_is_said(text):
    with pytest.raises(ValueError, match="allowed is a duration such as"):
        parse(text)
