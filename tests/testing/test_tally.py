"""What has happened is counted, and whether that is enough to mean anything."""

from __future__ import annotations

from collections import Counter

from penstock.testing.checkers import Verdict
from penstock.testing.lifelines import Violation
from penstock.testing.tally import Tally


def test_too_little_is_told():
    tally = Tally()
    assert tally.missing() == []
    tally.counts.update(kills=100, commands=10_000, put=999, deleted=500)
    tally.redelivered.update(restart=20)
    assert tally.missing() == ["put: 999, at least 1000 of 100 kills"]
    tally.counts.update(put=1)
    assert tally.missing() == []


def test_what_is_broken_is_counted_by_its_kind():
    broken = Violation("lost", 3, "it is gone")
    tally, other = Tally(), Tally()
    other.judge(Verdict([broken], Counter(put=4), Counter(ttr=1)))
    tally.add(other)
    assert "1 lost, 0 returned" in str(tally)
    assert "4 puts" in str(tally)
    assert "redelivered: 1 ttr" in str(tally)
    assert "lost: job 3: it is gone" in tally.wrong[0]
