"""The chart is well-formed and puts each ratio where it belongs."""

from __future__ import annotations

from xml.etree import ElementTree

from bench.chart import chosen, draw, position
from bench.figures import Bar, Sample
from bench.measure import Result
from bench.scenario import Row, Scenario, Side

SVG = "{http://www.w3.org/2000/svg}"


def result(title, ratio, *, beside="beanstalkd"):
    sides = (Side("penstock", Scenario()), Side(beside, Scenario()))
    row = Row(title, title, sides, (Bar("ops_per_s", limit=1.2),))
    samples: dict[str, list[Sample]] = {
        "penstock": [{"ops_per_s": 100.0 * ratio}],
        beside: [{"ops_per_s": 100.0}],
    }
    return Result(row, samples)


def test_there_is_one_bar_for_each_row_beside_beanstalkd():
    rows = [result("a < b", 12.0), result("c", 0.8), result("d", 0.9, beside="echo")]
    tree = ElementTree.fromstring(draw(rows, "a machine"))
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert len(tree.findall(f"{SVG}rect[@class='bar']")) == 2
    assert {"a < b", "12.00", "c", "0.80", "a machine"} <= set(texts)


def test_a_row_without_figures_is_left_out():
    assert chosen([Result(result("a", 1.0).row, skipped="not installed")]) == []


def test_equal_ratios_are_equal_distances():
    ends = (0.5, 40.0)
    first = position(2, ends) - position(1, ends)
    assert abs(position(20, ends) - position(10, ends) - first) < 1e-9
