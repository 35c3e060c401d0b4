"""Descriptors are kept for ourselves, and memory has a bound."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from penstock.errors import ConfigError
from penstock.server import limits
from penstock.server.limits import HOW_TO_RAISE, RESERVE, most_connections

RAISE = (
    "import resource; from penstock.server import limits;"
    "print(limits.raise_descriptors(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
)


def raised_from(soft: int, hard: int) -> list[int]:
    """What a process with these limits makes of them."""
    done = subprocess.run(
        [sys.executable, "-c", RAISE],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        check=True,
        text=True,
    )
    return [int(word) for word in done.stdout.split()]


def test_the_soft_limit_is_raised_to_the_hard_one():
    assert raised_from(64, 100) == [100, 100, 100]


def test_a_limit_that_is_as_high_as_it_may_be_stays():
    assert raised_from(100, 100) == [100, 100, 100]


def test_a_limit_beyond_our_own_bound_is_not_counted(monkeypatch):
    monkeypatch.setattr(limits, "MOST_DESCRIPTORS", 16)
    assert limits.raise_descriptors() == 16


def test_where_raising_is_forbidden_the_limit_stays(monkeypatch):
    def forbid(kind, limits):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (64, 100))
    monkeypatch.setattr(resource, "setrlimit", forbid)
    assert limits.raise_descriptors() == 64


def test_all_but_the_reserve_is_for_clients():
    assert most_connections(1000, None) == 1000 - RESERVE
    assert most_connections(1000, 5) == 5
    assert most_connections(1000, 1000 - RESERVE) == 1000 - RESERVE


def test_more_clients_than_there_is_room_for_are_refused_at_the_start():
    with pytest.raises(ConfigError) as told:
        most_connections(1000, 1001 - RESERVE)
    assert str(told.value) == (
        f"max_connections = {1001 - RESERVE}: the limit of open files leaves room for"
        f" {1000 - RESERVE}: {HOW_TO_RAISE}"
    )


def test_a_limit_without_room_for_one_client_is_refused():
    with pytest.raises(ConfigError) as told:
        most_connections(RESERVE, None)
    assert str(told.value) == (
        f"the limit of open files is {RESERVE}, and {RESERVE} of them are kept for the"
        f" server itself: {HOW_TO_RAISE}"
    )


def test_jobs_may_take_three_quarters_of_the_machine_at_most():
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < limits.most_memory() <= machine * 3 // 4


def test_the_smallest_limit_of_the_control_groups_counts(tmp_path, monkeypatch):
    own = limits.own_cgroup()
    inner = tmp_path / own.strip("/") / "."
    inner.mkdir(parents=True, exist_ok=True)
    (tmp_path / "memory.max").write_text("4000\n")
    (inner / "memory.max").write_text("max\n" if own != "/" else "4000\n")
    monkeypatch.setattr(limits, "CGROUP", tmp_path)
    assert limits.most_memory() == 3000
