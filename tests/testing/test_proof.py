"""The proof's table: what was done, what went wrong, and whether that was enough."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from penstock.testing import proof
from penstock.testing.proof import (
    HARNESSES,
    Harness,
    every_nth,
    often,
    read_damage,
    row_of,
    table,
)

LAST = (
    "1,000 kills (9 while starting), 8 commands; redelivered: none;"
    " 0 lost, 0 returned, 0 altered, 0 invented, 0 doubled"
)
KILLS = Harness("kill -9", "kills", "kills", 1000, 20, often("--count"))
FAULTS = Harness("faults", "faults", "faults", 500, 20, often("--count", whole="--all"))
DAMAGE = Harness("damage", "corruption", "cases", 200, 1, every_nth, read_damage)


def row(status=0, last=LAST, share=1.0, harness=KILLS):
    return row_of(harness, share, status, ["something before", last], 90.0)


def test_the_last_line_counts():
    assert (row().done, row().verdict) == (1000, "kept")
    assert row().columns == (0, 0, 0, None)


@pytest.mark.parametrize("kind", proof.COLUMNS)
def test_anything_in_a_column_is_a_broken_promise(kind):
    assert row(last=f"1000 kills: 3 {kind}").verdict == "BROKEN"


def test_a_harness_that_says_so_has_found_a_broken_promise():
    assert row(status=1).verdict == "BROKEN"
    assert row_of(KILLS, 1.0, 1, [], 0.0).verdict == "BROKEN"


def test_less_than_was_asked_for_proves_nothing():
    assert row(last="999 kills: 0 lost").verdict == "TOO FEW"
    assert row(last="no number").verdict == "TOO FEW"


def test_what_cannot_be_done_here_is_skipped_and_not_passed():
    skipped = row(status=77, last="SKIPPED: there is no FUSE on 3 of 5 machines")
    assert (skipped.verdict, skipped.done) == ("SKIPPED", 0)


def test_a_share_is_a_share_and_never_too_little():
    assert KILLS.asked(0.5) == 500
    assert KILLS.asked(0.001) == 20
    assert KILLS.command(0.5)[-4:] == ["--count", "500", "--seed", "1"]
    assert DAMAGE.command(0.01)[-1] == "100"


def test_all_is_asked_for_where_a_harness_knows_what_all_is():
    assert "--all" in FAULTS.command(1.0)
    assert "--all" not in FAULTS.command(0.5)


def test_a_table_of_verdicts_is_added_up():
    said = [
        "damage             recovered         torn        LOST     ALTERED",
        "bits of a header       1,000            2           0           3",
        "short segment              5            0           1           0",
        "wrong: 4",
    ]
    found = row_of(DAMAGE, 1.0, 1, said, 1.0)
    assert (found.done, found.columns, found.verdict) == (
        1011,
        (1, None, 3, 1),
        "BROKEN",
    )
    assert row_of(DAMAGE, 1.0, 1, [], 1.0).verdict == "BROKEN"


def test_one_table_tells_all():
    lines = table([row(), replace(row(), verdict="SKIPPED", done=0)]).splitlines()
    assert lines[0].split()[-1] == "promises"
    assert "1,000 kills" in lines[1]
    assert lines[1].endswith("1.5  kept")
    assert lines[2].endswith("SKIPPED")


def test_what_a_harness_says_is_passed_on_and_its_status_counts(monkeypatch):
    said: list[str] = []
    program = "import sys; print('begun'); print('30 kills: 2 lost'); sys.exit(1)"
    command = [sys.executable, "-c", program]
    monkeypatch.setattr(Harness, "command", lambda self, share: command)
    found = proof.run(KILLS, 0.01, said.append)
    assert said == ["  kills: begun", "  kills: 30 kills: 2 lost"]
    assert (found.done, found.columns[0], found.verdict) == (30, 2, "BROKEN")


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        (("kept", "kept"), 0),
        (("kept", "SKIPPED"), proof.SKIPPED),
        (("SKIPPED", "BROKEN"), 1),
        (("kept", "TOO FEW"), 1),
    ],
)
def test_what_was_skipped_is_no_proof(monkeypatch, capsys, verdicts, status):
    left = list(verdicts)
    monkeypatch.setattr(proof, "HARNESSES", (KILLS, FAULTS))
    monkeypatch.setattr(sys, "argv", ["proof"])
    monkeypatch.setattr(
        proof, "run", lambda *_given: replace(row(), verdict=left.pop(0))
    )
    assert proof.main() == status
    assert ("not proved" in capsys.readouterr().out) == ("SKIPPED" in verdicts)


def test_every_harness_is_there():
    for harness in HARNESSES:
        assert harness.count >= harness.least
    assert len({harness.module for harness in HARNESSES}) == len(HARNESSES)
