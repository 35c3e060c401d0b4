"""Medians, ratios with their spread, and what is said of a bar."""

from __future__ import annotations

import pytest

from bench.figures import Bar, Ratio, compare, judge, middle, spread


def samples(*values, metric="ops_per_s"):
    return [{metric: value} for value in values]


def test_the_middle_is_the_median_and_not_the_mean():
    assert middle(samples(1.0, 100.0, 3.0), "ops_per_s") == 3.0
    assert middle(samples(1.0, 2.0), "ops_per_s") == 1.5


def test_a_metric_that_no_sample_has_gives_no_figure():
    assert middle(samples(1.0), "p99_us") is None
    assert spread(samples(1.0), "p99_us") is None
    assert compare(samples(1.0), samples(1.0), "p99_us") is None


def test_a_ratio_is_of_the_medians_and_its_spread_of_the_rounds():
    found = compare(samples(10.0, 30.0, 20.0), samples(10.0, 10.0, 40.0), "ops_per_s")
    assert found == Ratio(value=2.0, low=0.5, high=3.0)


def test_a_reference_of_nothing_gives_no_ratio():
    assert compare(samples(1.0), samples(0.0), "ops_per_s") is None


def test_a_figure_that_stands_alone_has_its_extremes():
    assert spread(samples(3.0, 1.0, 2.0), "ops_per_s") == Ratio(2.0, 1.0, 3.0)


AT_LEAST = Bar("ops_per_s", limit=1.2)
AT_MOST = Bar("p99_us", limit=1.25, at_least=False)


@pytest.mark.parametrize(
    ("found", "bar", "verdict"),
    [
        (Ratio(1.2, 1.0, 1.4), AT_LEAST, "pass"),
        (Ratio(1.196, 1.0, 1.4), AT_LEAST, "pass"),
        (Ratio(1.19, 1.0, 1.4), AT_LEAST, "in spread"),
        (Ratio(1.1, 1.0, 1.15), AT_LEAST, "below"),
        (Ratio(1.25, 1.0, 1.5), AT_MOST, "pass"),
        (Ratio(1.3, 1.2, 1.5), AT_MOST, "in spread"),
        (Ratio(1.3, 1.27, 1.5), AT_MOST, "below"),
        (None, AT_LEAST, "no figure"),
        (Ratio(9.0, 9.0, 9.0), Bar("ops_per_s"), "shown"),
    ],
)
def test_a_verdict_follows_from_bar_median_and_spread(found, bar, verdict):
    assert judge(found, bar) == verdict
