"""Power cuts find what a server loses that is careless with its disk."""

from __future__ import annotations

import shutil

import pytest

from penstock.testing import fuse_cuts, volatile_fs
from penstock.testing.kills import plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.skipif(
        not volatile_fs.is_available(), reason="this machine mounts no FUSE file system"
    ),
    pytest.mark.skipif(
        shutil.which("beanstalkd") is None, reason="beanstalkd is not installed here"
    ),
]


@pytest.mark.parametrize("option", ["-f0", "-F"])
def test_cuts_find_what_beanstalkd_loses(option):
    """It syncs every write with -f0, but never its folder; with -F it syncs nothing."""
    careless = f"beanstalkd -l ADDRESS -b DATA {option}"
    command = f"sh -c 'mkdir -p DATA && exec {careless}'"
    said: list[str] = []
    tally = fuse_cuts.run(plans(2, 3, command, 1000), said.append)
    assert tally.counts["kills"] == len(said) * 2 == 2
    assert tally.counts["put"] > 100
    assert sum(tally.violations.values()) > 10, tally
    assert tally.wrong
