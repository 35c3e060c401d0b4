"""A server that is killed again and again keeps every promise about acknowledged jobs.

This is a share of the proof; `python -m penstock.testing.kills --count 1000` is more.
"""

from __future__ import annotations

import pytest

from penstock.testing.kills import penstock_command, plans, run

KILLS = 40
LARGEST = 65535


@pytest.mark.crash
@pytest.mark.slow
def test_nothing_acknowledged_is_lost_by_kills():
    said: list[str] = []
    todo = plans(KILLS, 20261124, penstock_command("always"), LARGEST)
    tally = run(todo, 2, said.append)
    said.append(str(tally))
    assert tally.wrong == [], said
    assert tally.missing() == [], said
    assert tally.counts["kills"] == KILLS
    assert tally.counts["given up"] == 0
    assert tally.redelivered["restart"] > 0
