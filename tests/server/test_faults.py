"""Whatever system call fails: nothing is acknowledged that is not there afterwards."""

from __future__ import annotations

import os

import pytest

from penstock.testing import faults

pytestmark = [
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.skipif(not faults.is_available(), reason="strace or FUSE is not there"),
]


def test_a_system_call_that_fails_costs_nothing_that_was_acknowledged():
    """Repeat one with: python -m penstock.testing.faults --case CASE."""
    seed = int.from_bytes(os.urandom(3), "big")
    snapshot = faults.take_snapshot()
    cases = faults.sample(faults.find_cases(snapshot, 2), 40, seed)
    tally = faults.run(snapshot, cases, 2, lambda line: None)
    assert tally.wrong == [], f"seed {seed}: {tally}"
    assert tally.fired >= 32
