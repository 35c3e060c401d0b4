"""The rows say what to run and what to reach."""

from __future__ import annotations

import pytest

from bench.cli import select
from bench.rows import ROWS
from bench.scenario import Scenario
from bench.servers import BenchError, specs
from bench.table import METRICS


def test_row_names_differ():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_the_sides_of_a_row_can_be_told_apart():
    for row in ROWS:
        names = [side.name for side in row.sides]
        assert len(set(names)) == len(names) >= 2, row.name


def test_every_side_has_a_server_and_every_bar_a_name():
    known = specs("penstock PORT", "penstock PORT DATA")
    for row in ROWS:
        for side in row.sides:
            assert side.server in known or side.probe == "skip-locked", row.name
        assert {bar.metric for bar in row.bars} <= METRICS.keys(), row.name


def test_only_flags_that_differ_from_the_defaults_are_given():
    scenario = Scenario("cycle", connections=10, fill_delay=7, random_pri=True)
    assert scenario.flags() == [
        "--mode", "cycle", "--connections", "10", "--fill-delay", "7", "--random-pri",
    ]  # fmt: skip


def test_a_scenario_counts_its_open_files():
    assert Scenario("wake", connections=50, idle=1000).descriptors() == 1200


def test_a_quick_look_fills_less_but_keeps_all_tubes():
    assert Scenario(fill=1000).scaled(0.1).fill == 100
    assert Scenario("cycle", tubes=2000, fill=2000).scaled(0.1).fill == 2000


def test_rows_are_chosen_by_name_or_prefix():
    assert [row.name for row in select("mixed,put-50")] == ["mixed", "put-50"]
    assert {row.name for row in select("scale*")} == {
        "scale-delayed",
        "scale-tubes",
        "scale-idle",
    }
    assert tuple(select("*")) == ROWS
    with pytest.raises(BenchError, match="no row 'nonsense'"):
        select("nonsense")
