"""Power cuts find what a server loses that is careless with its disk."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from penstock.testing import fuse_cuts, volatile_fs
from penstock.testing.data_server import beanstalkd

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
    tally = fuse_cuts.run(4, f"careless {option}", partial(beanstalkd, option=option))
    assert tally.counts["put"] > 100
    assert any(" lost" in line for line in tally.wrong), tally.wrong
