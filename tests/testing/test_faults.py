"""Which faults there are, and that they find a server that is careless."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.testing import fault_scene, faults
from penstock.testing.fault_scene import Case, Outcome
from penstock.testing.faults import (
    ERRORS,
    MOST,
    Tally,
    case_from,
    cases_of,
    play,
    sample,
    take_snapshot,
)
from penstock.testing.fuse_cuts import SMALL

needs_tools = pytest.mark.skipif(
    not faults.is_available(), reason="strace or FUSE is not there"
)


def test_every_time_that_a_call_is_made_is_a_case_with_every_error():
    cases = cases_of("put", Counter(fdatasync=3))
    alone = [case for case in cases if case.call == "fdatasync"]
    assert len(alone) == 3 * len(ERRORS["fdatasync"])
    assert Case("put", "fdatasync", "EIO", 3) in alone
    lost = [case for case in cases if case.call == "lost sync"]
    assert {case.nth for case in lost} == {1, 2, 3}
    assert len(cases) == len(alone) + len(lost)


def test_what_comes_very_often_is_taken_only_so_often():
    cases = cases_of("put", Counter(mkdir=1000))
    assert {case.nth for case in cases} == set(range(1, MOST + 1))


def test_every_call_has_its_errors():
    for call in ("openat", "pwrite64", "pwritev", "fdatasync", "fsync", "rename"):
        assert "EIO" in ERRORS[call]
    for call in ("pwrite64", "pwritev", "fdatasync", "fsync"):
        assert {"EIO", "ENOSPC", "EDQUOT", "EINTR"} <= set(ERRORS[call])


def test_a_case_is_read_as_it_is_written():
    case = Case("start", "short write", "EIO", 7)
    assert case_from(str(case)) == case


def test_one_seed_makes_one_sample():
    cases = cases_of("put", Counter(openat=12, fsync=12))
    assert sample(cases, 5, 1) == sample(cases, 5, 1) != sample(cases, 5, 2)
    assert sorted(map(str, sample(cases, 1000, 1))) == sorted(map(str, cases))


def test_faults_that_did_not_come_do_not_count():
    case = Case("put", "fsync", "EIO", 1)
    tally = Tally()
    tally.add(Outcome(case, "put", fired=True, status=74))
    tally.add(Outcome(case, "put", fired=True))
    tally.add(Outcome(case, "put", fired=False, wrong=["it was wrong all the same"]))
    assert tally.fired == 2
    assert str(tally).startswith("2 faults: ")
    assert "1 ended with 74" in str(tally)
    assert "1 wrong, 0 lost" in str(tally)
    assert tally.wrong == ["put / fsync / EIO / 1: it was wrong all the same"]


@pytest.mark.slow
@pytest.mark.crash
@needs_tools
def test_a_server_that_is_careless_is_found(monkeypatch):
    """One that acknowledges before the sync, as it may when it is told to."""
    snapshot = take_snapshot()
    harmless = Case("put", "mkdir", "EIO", 1)
    (careful,) = play(snapshot, [harmless])
    assert (careful.fired, careful.status, careful.wrong) == (False, None, [])
    monkeypatch.setattr(fault_scene, "SMALL", f"{SMALL} --sync never")
    (careless,) = play(snapshot, [harmless])
    assert careless.violations["lost"] > 0, careless
