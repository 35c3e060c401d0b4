"""The benchmark's command line."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import chart, measure, results, table
from bench.measure import Pace, Result
from bench.rows import ROWS
from bench.scenario import Row
from bench.servers import ROOT, BenchError, specs

PENSTOCK = ".venv/bin/penstock serve --memory --beanstalk 127.0.0.1:PORT"
DURABLE = ".venv/bin/penstock serve --data DATA --beanstalk 127.0.0.1:PORT"
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

EXAMPLES = """\
examples:
  bench/run                          all rows, 5 rounds, about 15 minutes
  bench/run --quick                  a look in about 2 minutes; not to be quoted
  bench/run --rows put-50,mixed      these rows only; a name ending in * is a prefix
  bench/run --rounds 9 --rows 'put*' more rounds, a smaller spread
  bench/run --penstock 'beanstalkd -l 127.0.0.1 -p PORT' --rows put-50
                                     a check of the bench itself: ratios near 1
  bench/run --render bench/results/A.json bench/results/B.json --publish
                                     no run: put these figures into the docs
"""


def parser() -> argparse.ArgumentParser:
    """Build the parser."""
    found = argparse.ArgumentParser(
        prog="bench/run",
        description="Measure Penstock beside beanstalkd, redis and PostgreSQL.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--rows", default="*", metavar="NAME,NAME", help="rows to measure (all)")
    add("--list", action="store_true", help="list the rows and leave")
    add("--rounds", type=int, default=5, metavar="N", help="rounds of each row (5)")
    add("--seconds", type=float, default=1.0, metavar="S", help="length of a run (1)")
    add("--quick", action="store_true", help="2 rounds of 0.3 s, a tenth of the jobs")
    add("--penstock", default=PENSTOCK, metavar="CMD", help="our command, with PORT")
    add(
        "--durable",
        default=DURABLE,
        metavar="CMD",
        help="our durable command, with PORT and DATA, for the rows that sync",
    )
    add("--output", type=Path, metavar="FILE", help="where the raw figures go")
    add(
        "--render",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="measure nothing: show the raw figures of these files",
    )
    add("--publish", action="store_true", help="write table and chart into docs/")
    return found


def select(names: str) -> list[Row]:
    """Give the rows of a list of names; a name may end in a star."""
    chosen: list[Row] = []
    for name in names.split(","):
        matching = [row for row in ROWS if _matches(row.name, name.strip())]
        if not matching:
            raise BenchError(f"no row {name!r}; bench/run --list shows them")
        chosen += [row for row in matching if row not in chosen]
    return chosen


def _matches(row: str, wanted: str) -> bool:
    return row.startswith(wanted[:-1]) if wanted.endswith("*") else row == wanted


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


def list_rows() -> None:
    """Print every row's name, title and bars."""
    for row in ROWS:
        bars = ", ".join(
            f"{table.METRICS[bar.metric]} {table.bar_text(bar)}".strip()
            for bar in row.bars
        )
        sys.stdout.write(f"{row.name:18} {row.title:42} {bars}\n")


def pace_of(arguments: argparse.Namespace) -> Pace:
    if arguments.quick:
        return Pace(rounds=2, seconds=0.3, warmup=0.1, fill_part=0.1)
    if arguments.rounds < 1:
        raise BenchError("--rounds must be at least 1")
    return Pace(rounds=arguments.rounds, seconds=arguments.seconds)


def run_rows(
    rows: Sequence[Row], arguments: argparse.Namespace, pace: Pace
) -> list[Result]:
    """Measure row after row; one that fails is told and does not end the run."""
    measure.compile_tools()
    descriptors = measure.raise_descriptor_limit()
    known = specs(arguments.penstock, arguments.durable)
    found = []
    for at, row in enumerate(rows, 1):
        began = time.monotonic()
        head = f"[{at}/{len(rows)}] {row.name}: "

        def tell(text: str, head: str = head) -> None:
            if sys.stderr.isatty():
                _say(f"\r{head}{text} ", end="")

        try:
            result = measure.measure_row(row, known, pace, descriptors, tell)
        except BenchError as failure:
            result = Result(row, skipped=f"failed: {failure}")
        took = f"{time.monotonic() - began:.0f} s"
        start = "\r" if sys.stderr.isatty() else ""
        _say(f"{start}{head}{result.skipped or took}          ".rstrip())
        found.append(result)
    return found


def publish(found: Sequence[Result], about: dict[str, Any]) -> None:
    """Write the table into the page and draw the chart beside it."""
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        raise BenchError(f"{PAGE} has no place for the figures ({BEGIN})")
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    caption = describe(about)
    image = f"![Throughput beside beanstalkd]({CHART.name})"
    middle = f"\n{caption}\n\n{image}\n\n{table.render(found)}"
    PAGE.write_text(f"{before}{BEGIN}{middle}{END}{after}")
    CHART.write_text(chart.draw(found, caption))


def describe(about: dict[str, Any]) -> str:
    """Say in one line where the figures come from."""
    machine, pace = about["machine"], about["pace"]
    return (
        f"{machine['cpu']}, kernel {machine['kernel']}, Python {machine['python']}, "
        f"{machine['beanstalkd']}, {pace['rounds']} rounds of {pace['seconds']:g} s, "
        f"{about['at'][:10]}."
    )


def measured(arguments: argparse.Namespace) -> tuple[list[Result], dict[str, Any]]:
    """Measure, and keep the raw figures."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = arguments.output or RESULTS / f"{stamp}.json"
    pace = pace_of(arguments)
    found = run_rows(select(arguments.rows), arguments, pace)
    results.save(found, pace, path)
    _say(f"raw figures: {path}")
    return results.read([path])


def work(arguments: argparse.Namespace) -> int:
    """Do what the arguments ask; 1 when a row could not be measured."""
    if arguments.list:
        list_rows()
        return 0
    if arguments.publish and arguments.quick:
        raise BenchError("a quick look is not for publishing")
    if arguments.render:
        found, about = results.read(arguments.render)
    else:
        found, about = measured(arguments)
    sys.stdout.write(table.render(found))
    if arguments.publish:
        publish(found, about)
    return 1 if any(result.skipped for result in found) else 0


def main(argv: Sequence[str] | None = None) -> int:
    # Ended from outside, we still end the servers that we started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return work(parser().parse_args(argv))
    except BenchError as failure:
        _say(f"bench/run: {failure}")
        return 2
    except KeyboardInterrupt:
        _say("\nbench/run: stopped")
        return 130
