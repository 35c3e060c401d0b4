"""Raw figures can be written, read again and put together."""

from __future__ import annotations

import json

import pytest

from bench.cli import describe
from bench.measure import Pace, Result
from bench.results import read, save
from bench.rows import ROWS
from bench.servers import BenchError
from bench.table import render

FIRST, SECOND = ROWS[0], ROWS[1]


def measured(row, ops):
    sample = {"ops_per_s": ops, "p99_us": 5.0, "server_us_per_op": 2.0}
    return Result(row, {side.name: [sample] for side in row.sides})


def test_figures_come_back_as_they_were(tmp_path):
    path = tmp_path / "figures.json"
    before = [measured(FIRST, 7.0), Result(SECOND, skipped="no beanstalkd")]
    save(before, Pace(), path)
    after, about = read([path])
    assert after == before
    assert render(after) == render(before)
    assert "5 rounds of 1 s" in describe(about)


def test_of_a_row_in_several_files_the_last_counts(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    save([measured(SECOND, 1.0), measured(FIRST, 1.0)], Pace(), one)
    save([measured(FIRST, 2.0)], Pace(), two)
    found, _ = read([one, two])
    assert found == [measured(FIRST, 2.0), measured(SECOND, 1.0)]


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"format": 99}))
    with pytest.raises(BenchError, match="format 1"):
        read([path])
