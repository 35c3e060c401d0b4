"""The chart of the documentation: throughput beside beanstalkd, drawn as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from bench.figures import Bar, Ratio
from bench.measure import Result
from bench.table import verdicts

WIDTH, LEFT, RIGHT, TOP, STEP, BAR_HEIGHT = 860, 300, 70, 64, 26, 15
TICKS = (0.5, 1, 2, 5, 10, 20, 50)

STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #6b7280; font-size: 11px }
.bar { fill: #2563eb }
.grid { stroke: #e5e7eb }
.one { stroke: #6b7280 }
.spread { stroke: #111827; stroke-width: 1.5 }
.limit { stroke: #dc2626; stroke-width: 2 }
"""

Found = tuple[str, Ratio, Bar]


def chosen(results: Sequence[Result]) -> list[Found]:
    """Rows that set our throughput beside beanstalkd's."""
    found = []
    for result in results:
        if result.skipped or result.row.sides[1].name != "beanstalkd":
            continue
        for bar, ratio, _ in verdicts(result):
            if bar.metric == "ops_per_s" and ratio is not None:
                found.append((result.row.title, ratio, bar))
    return found


def scale(found: Sequence[Found]) -> tuple[float, float]:
    """Give the axis' ends: a decade scale, for the ratios run from 1 to 20."""
    low = min([0.5, *(ratio.low for _, ratio, _ in found)])
    limits = [bar.limit or 0 for *_, bar in found]
    high = max([2.0, *limits, *(ratio.high for _, ratio, _ in found)])
    return low * 0.95, high * 1.1


def position(value: float, ends: tuple[float, float]) -> float:
    part = math.log(value / ends[0]) / math.log(ends[1] / ends[0])
    return LEFT + part * (WIDTH - LEFT - RIGHT)


def draw(results: Sequence[Result], caption: str) -> str:
    """Draw one bar for each row."""
    found = chosen(results)
    ends = scale(found)
    height = TOP + STEP * len(found) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Throughput of Penstock beside beanstalkd</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text class="title" x="16" y="26">'
        "Operations per second, beanstalkd = 1</text>",
        f'<text class="quiet" x="16" y="44">{escape(caption)}</text>',
        f'<text class="quiet" x="{WIDTH - 16}" y="26" text-anchor="end">'
        "red: the bar to reach; black: spread of the rounds</text>",
    ]
    for tick in TICKS:
        if ends[0] <= tick <= ends[1]:
            parts += _tick(tick, position(tick, ends), height)
    for at, row in enumerate(found):
        parts += _row(row, TOP + STEP * at, ends)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _tick(tick: float, x: float, height: int) -> list[str]:
    kind = "one" if tick == 1 else "grid"
    bottom = height - 30
    return [
        f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" '
        f'y1="{TOP - 6}" y2="{bottom}"/>',
        f'<text class="quiet" x="{x:.1f}" y="{bottom + 16}" '
        f'text-anchor="middle">{tick:g}</text>',
    ]


def _row(row: Found, top: int, ends: tuple[float, float]) -> list[str]:
    title, ratio, bar = row
    one, tip = position(1, ends), position(ratio.value, ends)
    low, high = position(ratio.low, ends), position(ratio.high, ends)
    middle, baseline = top + BAR_HEIGHT / 2, top + 12
    parts = [
        f'<text x="{LEFT - 12}" y="{baseline}" text-anchor="end">'
        f"{escape(title)}</text>",
        f'<rect class="bar" x="{min(one, tip):.1f}" y="{top}" '
        f'width="{abs(tip - one):.1f}" height="{BAR_HEIGHT}"/>',
        f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" '
        f'y1="{middle}" y2="{middle}"/>',
        f'<text x="{WIDTH - 16}" y="{baseline}" text-anchor="end">'
        f"{ratio.value:.2f}</text>",
    ]
    if bar.limit is not None:
        x = position(bar.limit, ends)
        parts.append(
            f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{top - 3}" y2="{top + BAR_HEIGHT + 3}"/>'
        )
    return parts
