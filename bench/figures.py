"""What a set of samples says: medians, ratios with their spread, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Sample = Mapping[str, float]


@dataclass(frozen=True)
class Ratio:
    """One side against another: of the medians, and the extremes of the rounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """What a row must reach: a limit for a metric, as a ratio or as it stands."""

    metric: str
    limit: float | None = None
    at_least: bool = True
    as_ratio: bool = True


def values(samples: Sequence[Sample], metric: str) -> list[float]:
    return [sample[metric] for sample in samples if metric in sample]


def middle(samples: Sequence[Sample], metric: str) -> float | None:
    """The median of a metric; None where no sample has it."""
    found = values(samples, metric)
    return median(found) if found else None


def compare(
    subject: Sequence[Sample], reference: Sequence[Sample], metric: str
) -> Ratio | None:
    """Set medians in relation; rounds are paired, for they ran side by side."""
    ours, theirs = values(subject, metric), values(reference, metric)
    if not ours or not theirs or not all(theirs):
        return None
    rounds = [a / b for a, b in zip(ours, theirs, strict=False)]
    return Ratio(median(ours) / median(theirs), min(rounds), max(rounds))


def spread(samples: Sequence[Sample], metric: str) -> Ratio | None:
    """A metric as it stands, with its extremes."""
    found = values(samples, metric)
    return Ratio(median(found), min(found), max(found)) if found else None


def judge(found: Ratio | None, bar: Bar) -> str:
    """Say pass or below; `in spread` where some rounds pass and the median does not."""
    if bar.limit is None:
        return "shown"
    if found is None:
        return "no figure"
    if _reaches(found.value, bar):
        return "pass"
    best = found.high if bar.at_least else found.low
    return "in spread" if _reaches(best, bar) else "below"


def _reaches(value: float, bar: Bar) -> bool:
    assert bar.limit is not None
    # A ratio is read with two decimals, so it is judged with two.
    shown = round(value, 2)
    return shown >= bar.limit if bar.at_least else shown <= bar.limit
