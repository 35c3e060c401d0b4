"""Measuring a row: sides in turn, one server for all rounds or one for each."""

from __future__ import annotations

import shutil

import pytest

from bench.figures import Bar
from bench.measure import Pace, compile_tools, measure_row
from bench.scenario import Row, Scenario, Side
from bench.servers import specs

KNOWN = specs("beanstalkd -l 127.0.0.1 -p PORT", "")
PACE = Pace(rounds=2, seconds=0.02, warmup=0.0)
BARS = (Bar("ops_per_s", limit=1.0),)

with_tools = pytest.mark.skipif(
    not (shutil.which("beanstalkd") and shutil.which("gcc")),
    reason="beanstalkd or gcc is not installed",
)


def row(scenario, *, probe="load", keep=False, servers=("penstock", "beanstalkd")):
    sides = tuple(Side(server, scenario, probe=probe) for server in servers)
    return Row("row", "a row", sides, BARS, keep=keep)


def measured(wanted, known=KNOWN, descriptors=1000):
    said: list[str] = []
    result = measure_row(wanted, known, PACE, descriptors, said.append)
    return result, said


@pytest.fixture(scope="module", autouse=True)
def _tools():
    if shutil.which("gcc"):
        compile_tools()


@with_tools
def test_every_side_has_a_sample_of_every_round():
    result, said = measured(row(Scenario(connections=2)))
    assert said == ["round 1 of 2", "round 2 of 2"]
    for name in ("penstock", "beanstalkd"):
        assert [sample["connections"] for sample in result.samples[name]] == [2, 2]


@with_tools
def test_a_kept_server_is_filled_once():
    result, _ = measured(row(Scenario("cycle", fill=200), keep=True))
    assert [sample["fill"] for sample in result.samples["penstock"]] == [200, 0]


@with_tools
def test_memory_is_counted_for_each_job():
    result, _ = measured(row(Scenario(fill=20_000, body=100), probe="memory"))
    for sample in result.samples["beanstalkd"]:
        assert sample["jobs"] > 20_000
        assert sample["bytes_per_job"] > 100


@with_tools
def test_the_first_reply_ends_the_start():
    result, _ = measured(row(Scenario(), probe="start"))
    assert all(sample["start_s"] > 0 for sample in result.samples["penstock"])


def test_without_a_peer_the_row_is_skipped_with_the_reason():
    known = specs("no-such-program PORT", "")
    result, said = measured(row(Scenario()), known)
    assert result.skipped == "penstock: no-such-program is not installed"
    assert said == []


def test_too_few_open_files_are_a_reason_to_skip():
    result, _ = measured(row(Scenario(idle=5000)), descriptors=4096)
    assert "needs 5101 open files, 4096 allowed" in result.skipped


@with_tools
def test_a_further_side_that_is_missing_is_only_left_out():
    servers = ("penstock", "beanstalkd", "penstock-durable")
    result, _ = measured(row(Scenario(), servers=servers))
    assert set(result.samples) == {"penstock", "beanstalkd"}
    assert result.left_out == ["penstock-durable: no command given"]
