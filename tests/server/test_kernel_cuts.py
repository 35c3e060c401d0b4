"""What was acknowledged is there after a real kernel lost its power."""

from __future__ import annotations

import os

import pytest

from penstock.testing import kernel_cuts, uml
from penstock.testing.fuse_cuts import SMALL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.skipif(
        not uml.is_available(), reason="user-mode-linux or e2fsprogs is not installed"
    ),
]


def test_acknowledged_jobs_survive_power_cuts_of_the_kernel():
    """Repeat it with: python -m penstock.testing.kernel_cuts --seed SEED."""
    seed = int.from_bytes(os.urandom(3), "big")
    tally = kernel_cuts.run(2, seed, SMALL, lambda line: None)
    assert tally.wrong == [], f"seed {seed}: {tally}"
    assert tally.counts["kills"] == 2
    assert tally.counts["commands"] > 100
