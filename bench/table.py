"""Results as a table that reads the same in a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import Bar, Ratio, compare, judge, middle, spread
from bench.measure import Result

METRICS = {
    "ops_per_s": "per second",
    "p50_us": "p50 us",
    "p99_us": "p99 us",
    "server_us_per_op": "CPU us/op",
    "bytes_per_job": "bytes per job",
    "start_s": "seconds",
}
HEAD = ("row", "measure", "Penstock", "beside", "ratio", "spread", "bar", "verdict")
SATURATED = 0.9
DISTURBED = 0.05


def number(value: float | None) -> str:
    """Three or four digits that matter, thousands apart."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{value:.3f}"


def ratio_text(found: Ratio | None) -> tuple[str, str]:
    if found is None:
        return "-", "-"
    return f"{found.value:.2f}", f"{found.low:.2f} to {found.high:.2f}"


def bar_text(bar: Bar) -> str:
    if bar.limit is None:
        return ""
    return f"{'>=' if bar.at_least else '<='} {bar.limit:g}"


def saturated(result: Result) -> bool:
    """The generator had no more to give: throughput understates our side."""
    ours = result.samples[result.row.sides[0].name]
    own, seconds = middle(ours, "own_cpu_s"), middle(ours, "seconds")
    both_on_one = result.row.sides[0].scenario.one_core
    return bool(own and seconds and not both_on_one and own / seconds > SATURATED)


def disturbed(result: Result) -> bool:
    """Other processes held the core while a server wanted it."""
    return any(
        sample.get("server_wait_s", 0) > DISTURBED * sample.get("seconds", 1)
        for side in result.row.sides[:2]
        for sample in result.samples[side.name]
        if not side.scenario.one_core  # there the generator has its share
    )


def verdicts(result: Result) -> list[tuple[Bar, Ratio | None, str]]:
    """Judge each bar of a measured row."""
    ours, theirs = (result.samples[side.name] for side in result.row.sides[:2])
    found = []
    for bar in result.row.bars:
        ratio = compare(ours, theirs, bar.metric)
        judged = ratio if bar.as_ratio else spread(ours, bar.metric)
        found.append((bar, ratio, judge(judged, bar)))
    return found


def _beside(result: Result, metric: str) -> str:
    """What we are judged against, named unless it is beanstalkd."""
    name = result.row.sides[1].name
    text = number(middle(result.samples[name], metric))
    return text if name == "beanstalkd" else f"{name} {text}"


def _shown_beside(result: Result) -> list[tuple[str, ...]]:
    """One line for each further side, with all of the row's measures."""
    metrics = [bar.metric for bar in result.row.bars]
    names = ", ".join(METRICS[metric] for metric in metrics)
    found: list[tuple[str, ...]] = []
    for side in result.row.sides[2:]:
        if side.name in result.samples:
            samples = result.samples[side.name]
            texts = " / ".join(number(middle(samples, metric)) for metric in metrics)
            found.append((f"- {side.name}", names, "", texts, "", "", "", "shown"))
    return found


def lines_of(result: Result) -> list[tuple[str, ...]]:
    """One line for each bar of a row; the row's title stands in the first."""
    if result.skipped:
        return [(result.row.title, "not measured", "", "", "", "", "", result.skipped)]
    ours = result.samples[result.row.sides[0].name]
    found: list[tuple[str, ...]] = []
    for at, (bar, ratio, verdict) in enumerate(verdicts(result)):
        mark = " *" if bar.metric == "ops_per_s" and saturated(result) else ""
        found.append(
            (
                result.row.title if at == 0 else "",
                METRICS[bar.metric],
                number(middle(ours, bar.metric)) + mark,
                _beside(result, bar.metric),
                *ratio_text(ratio),
                bar_text(bar),
                verdict,
            )
        )
    return found + _shown_beside(result)


def render(results: Sequence[Result]) -> str:
    """Lay the whole table out."""
    lines = [line for result in results for line in lines_of(result)]
    rows = [HEAD, *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    rule = tuple("-" * width for width in widths)
    text = [_line(row, widths) for row in (HEAD, rule, *lines)]
    return "\n".join([*text, "", *_notes(results)]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    # Words to the left, figures to the right.
    padded = [
        cell.rjust(width) if 2 <= at <= 5 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _notes(results: Sequence[Result]) -> list[str]:
    said = [verdict for result in results for verdict in _said(result)]
    count = {word: said.count(word) for word in ("pass", "in spread", "below")}
    notes = [", ".join(f"{n} {word}" for word, n in count.items()) + "."]
    measured = [result for result in results if not result.skipped]
    if any(saturated(result) for result in measured):
        notes.append("* the load generator was saturated: CPU per operation decides.")
    busy = [result.row.name for result in measured if disturbed(result)]
    if busy:
        notes.append(f"Disturbed by other processes: {', '.join(busy)}.")
    left_out = sorted({why for result in results for why in result.left_out})
    return notes + [f"Not shown: {why}." for why in left_out]


def _said(result: Result) -> list[str]:
    return [] if result.skipped else [verdict for *_, verdict in verdicts(result)]
