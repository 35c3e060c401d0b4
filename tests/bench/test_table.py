"""The table: one line for each bar, readable in a terminal and as Markdown."""

from __future__ import annotations

import pytest

from bench.figures import Bar
from bench.measure import Result
from bench.scenario import Row, Scenario, Side
from bench.table import HEAD, number, render

BARS = (Bar("ops_per_s", limit=1.2), Bar("server_us_per_op", limit=0.8, at_least=False))


def sample(ops, cpu, own=0.5, wait=0.0):
    return {
        "ops_per_s": ops,
        "server_us_per_op": cpu,
        "own_cpu_s": own,
        "server_wait_s": wait,
        "seconds": 1.0,
    }


def result(ours, theirs, *, extra=None, one_core=False):
    scenario = Scenario(one_core=one_core)
    names = ["penstock", "beanstalkd", *([] if extra is None else ["redis"])]
    row = Row("put", "puts", tuple(Side(name, scenario) for name in names), BARS)
    found = {"penstock": ours, "beanstalkd": theirs}
    return Result(row, found if extra is None else found | {"redis": extra})


def cells(text):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_each_bar_has_its_line_with_ratio_spread_and_verdict():
    ours = [sample(3000.0, 5.0), sample(2000.0, 5.0)]
    theirs = [sample(1000.0, 5.0), sample(1000.0, 5.0)]
    head, _, first, second = cells(render([result(ours, theirs)]))
    assert tuple(head) == HEAD
    assert first == [
        "puts", "per second", "2,500", "1,000",
        "2.50", "2.00 to 3.00", ">= 1.2", "pass",
    ]  # fmt: skip
    assert second[0] == ""
    assert second[4:] == ["1.00", "1.00 to 1.00", "<= 0.8", "below"]


def test_all_lines_are_equally_wide():
    text = render([result([sample(1e6, 0.4)], [sample(1.0, 900.0)])])
    widths = {len(line) for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_verdicts_are_counted_below_the_table():
    text = render([result([sample(3000.0, 5.0)], [sample(1000.0, 5.0)])])
    assert "1 pass, 0 in spread, 1 below." in text


def test_a_row_that_could_not_be_measured_says_why():
    row = result([], []).row
    text = render([Result(row, skipped="beanstalkd: not installed")])
    assert cells(text)[2][0] == "puts"
    assert cells(text)[2][-1] == "beanstalkd: not installed"


def test_a_saturated_generator_is_marked():
    busy = [sample(3000.0, 5.0, own=0.97)]
    assert "3,000 *" in render([result(busy, busy)])
    assert "*" not in render([result(busy, busy, one_core=True)])


def test_a_server_that_waited_for_its_core_is_told():
    quiet, kept_waiting = [sample(1.0, 1.0)], [sample(1.0, 1.0, wait=0.2)]
    assert "Disturbed by other processes: put." in render([result(quiet, kept_waiting)])
    assert "Disturbed" not in render([result(quiet, quiet)])


def test_further_sides_are_shown_below_the_row():
    one = [sample(1000.0, 5.0)]
    last = cells(render([result(one, one, extra=[sample(7.0, 2.5)])]))[-1]
    assert last[0] == "- redis"
    assert last[3] == "7.00 / 2.50"
    assert last[-1] == "shown"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (1234567.0, "1,234,567"), (99.94, "99.9"), (1.234, "1.23"),
     (0.0414, "0.041"), (0.0, "0.000")],
)  # fmt: skip
def test_a_number_has_the_digits_that_matter(value, text):
    assert number(value) == text
