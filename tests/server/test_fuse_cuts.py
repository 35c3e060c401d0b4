"""What was acknowledged is there after the disk lost its power."""

from __future__ import annotations

import os

import pytest

from penstock.testing import fuse_cuts, volatile_fs
from penstock.testing.fuse_cuts import SMALL
from penstock.testing.kills import plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.skipif(
        not volatile_fs.is_available(), reason="this machine mounts no FUSE file system"
    ),
]


def test_acknowledged_jobs_survive_power_cuts():
    """Repeat it with: python -m penstock.testing.fuse_cuts --seed SEED."""
    seed = int.from_bytes(os.urandom(3), "big")
    tally = fuse_cuts.run(plans(8, seed, SMALL, 65535), lambda line: None)
    assert tally.wrong == [], f"seed {seed}: {tally}"
    assert tally.counts["kills"] == 8
    assert tally.counts["put"] > 80
