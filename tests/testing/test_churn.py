"""Churn against the log's bound: what is looked at, and what counts as too much."""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

import pytest

from penstock.server.compactor import MOST_IDLE
from penstock.testing import churn
from penstock.testing.churn import FATES, MEBIBYTE, Churn, Look, Phase, allocated


def test_the_bound_is_64_mib_or_three_times_what_is_alive():
    assert Look(used=MOST_IDLE, alive=MEBIBYTE).share == 1
    assert Look(used=300 * MEBIBYTE, alive=100 * MEBIBYTE).share == 1
    assert Look(used=MOST_IDLE + 1, alive=0).share > 1


def test_what_counts_is_the_room_on_the_disk(tmp_path):
    (tmp_path / "full").write_bytes(b"x" * 100_000)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(MEBIBYTE)
    assert 100_000 <= allocated(tmp_path) < MEBIBYTE


def test_phases_differ():
    chance = Random(1)
    drawn = [Phase.of(chance, 5.0) for _ in range(200)]
    assert {phase.alive // MEBIBYTE for phase in drawn} == set(churn.ALIVE)
    assert {phase.body for phase in drawn} == set(churn.BODIES)
    assert all(phase.until > 5.0 and len(phase.fates) == len(FATES) for phase in drawn)


@pytest.fixture(scope="module")
def churned():
    """A few seconds of it, and what was said meanwhile."""
    said: list[str] = []
    return churn.run(3.0, 1, said.append), said


def test_everything_is_done_and_the_bound_holds(churned):
    done, _said = churned
    assert {"put", "reserve-with-timeout", "delete", "stats"} <= set(done.counts)
    assert len(done.looks) >= 3
    assert all(look.used > MEBIBYTE for look in done.looks)
    assert done.worst.share <= 1
    assert done.summary().startswith(f"0 of {len(done.looks)} looks over the bound")


def test_a_look_over_the_bound_is_told_and_fails(monkeypatch, capsys):
    over = Churn.__new__(Churn)
    over.counts, over.looks = Counter(put=5), [Look(2 * MOST_IDLE, 0)]
    monkeypatch.setattr(churn, "run", lambda *_given: over)
    monkeypatch.setattr(sys, "argv", ["churn", "--seconds", "7"])
    assert churn.main() == 1
    said = capsys.readouterr().out
    assert said.startswith("7 seconds: 1 of 1 looks over the bound; at most 2.00 of it")
