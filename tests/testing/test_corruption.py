"""A share of all damage, at each run; and the count sees what it is there to see."""

from __future__ import annotations

import pytest

from penstock.log import frame
from penstock.testing import corruption
from penstock.testing.corruption import SERIES, count_series, count_structured
from penstock.testing.verdicts import ALTERED, LOST, NAMED, RECOVERED, TORN, WRONG

SHARE = 17  # every so many cases of a series; no divisor of a sector


@pytest.mark.parametrize("name", SERIES)
def test_nothing_is_lost_altered_or_refused_without_need(name):
    counted = count_series(name, SHARE)
    assert counted.total() > 130
    assert {each: counted[each] for each in WRONG if counted[each]} == {}


def test_structured_damage_is_found_or_harmless():
    counted = count_structured(count=2200, seed=7)
    assert {kind: each.total() for kind, each in counted.items()} == dict.fromkeys(
        counted, 200
    )
    for kind, verdicts in counted.items():
        assert (kind, [v for v in WRONG if verdicts[v]]) == (kind, [])


# Each series does what it says.


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("tail torn", 16 * 1024 + 1),
        ("tail zeroed, sealed", 16 * 1024 + 1),
        ("file cut short", 16 * 1024),
        ("growing file torn", 16 * 1024 + 1),
        ("bits of a sealed segment", 65_536),
    ],
)
def test_the_series_are_whole(name, cases):
    make, _may_refuse = SERIES[name]
    _original, damaged = make()
    assert sum(1 for _ in damaged) == cases


def test_every_bit_of_a_sealed_frame_is_refused_with_the_jobs():
    assert set(count_series("bits of a sealed segment", 997)) == {NAMED}


def test_a_tail_that_was_never_durable_is_cut():
    assert set(count_series("tail torn", 499)) <= {TORN, RECOVERED}


# What the count is there to see.


def test_without_checksums_damage_would_be_seen_here(monkeypatch):
    monkeypatch.setattr(frame, "checksum", lambda content, seed=0: 7)
    counted = count_series("bits of a sealed segment", 997)
    assert counted[ALTERED] > 10


def test_without_marks_losses_would_be_seen_here(monkeypatch):
    monkeypatch.setattr("penstock.log.file.scan.Scan._refuse_rot", lambda *a, **k: None)
    assert count_series("bits of a sealed segment", 997)[LOST] > 10


# The table.


def test_the_table_ends_with_what_is_wrong(capsys):
    assert corruption.main(["4001"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("damage")
    assert lines[-1] == "wrong: 0"
    assert len(lines) == 2 + len(SERIES) + 11
