"""Power cuts of a kernel find what a server loses that is careless with its disk."""

from __future__ import annotations

import shutil

import pytest

from penstock.testing import kernel_cuts, uml

pytestmark = [
    pytest.mark.slow,
    pytest.mark.crash,
    pytest.mark.skipif(
        not uml.is_available(), reason="user-mode-linux or e2fsprogs is not installed"
    ),
]
CARELESS = "sh -c 'mkdir -p DATA && exec beanstalkd -l ADDRESS -b DATA -F'"


def test_a_cut_keeps_what_was_synced_and_nothing_else():
    assert kernel_cuts.loses_what_is_unsynced()


@pytest.mark.skipif(
    shutil.which("beanstalkd") is None, reason="beanstalkd is not installed here"
)
def test_cuts_find_what_beanstalkd_loses():
    said: list[str] = []
    tally = kernel_cuts.run(1, seed=1, command=CARELESS, say=said.append)
    assert tally.counts["loaded"] == 1
    assert tally.violations["lost"] > 10, tally
    assert said == [f"1 cuts, {sum(tally.violations.values()) + 1} promises broken"]
