"""Runs everything that takes servers away or damages what they kept; one table tells.

    python -m penstock.testing.proof                what the README promises
    python -m penstock.testing.proof --share 0.01   a quick look
    python -m penstock.testing.proof --only kills --only faults

Each harness is a process of its own, says what it does, and ends with 0, with 77 where
this machine cannot do it, or with something else where a promise was broken or too
little happened. What it counts is held against what was asked for: a harness that did
less than that has proved nothing.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

SKIPPED = 77  # the exit status of what could not be done here
COLUMNS = ("lost", "returned", "altered", "rot called torn")
KEPT, BROKEN, TOO_FEW, CANNOT = "kept", "BROKEN", "TOO FEW", "SKIPPED"

Columns = tuple[int | None, ...]  # None where a harness does not tell it apart
Words = Callable[[int, float], list[str]]  # from how often, and the share of all
Reading = Callable[[list[str]], tuple[int, Columns]]  # from what was said


# How a harness is told how often, and how it tells what it did.


def often(option: str, *more: str, whole: str = "") -> Words:
    """Tell by an option; where all is asked for and there is a word for it, by that."""

    def words(asked: int, share: float) -> list[str]:
        how_often = [whole] if whole and share >= 1 else [option, str(asked)]
        return [*how_often, "--seed", "1", *more]

    return words


def every_nth(asked: int, share: float) -> list[str]:
    """Tell that one of so many is enough."""
    return [str(max(1, round(1 / share)))]


def read_counts(said: list[str]) -> tuple[int, Columns]:
    """Read the last line: its first number, and what it counts of each column."""
    last = said[-1] if said else ""
    found = (re.search(rf"(\d+) {kind}\b", last) for kind in COLUMNS)
    return _first_number(last), tuple(int(each[1]) if each else None for each in found)


def read_damage(said: list[str]) -> tuple[int, Columns]:
    """Read a table of verdicts. A durable batch that is missing without a word was cut
    off as if it were torn: that is both."""
    verdicts = re.split(r"\s{2,}", said[0])[1:] if said else []
    sums = dict.fromkeys(verdicts, 0)
    for line in said[1:-1]:
        numbers = [
            int(word.replace(",", "")) for word in line.split()[-len(verdicts) :]
        ]
        for verdict, number in zip(verdicts, numbers, strict=True):
            sums[verdict] += number
    lost, altered = sums.get("LOST", 0), sums.get("ALTERED", 0)
    return sum(sums.values()), (lost, None, altered, lost)


def _first_number(line: str) -> int:
    found = re.search(r"\d[\d,]*", line)
    return int(found[0].replace(",", "")) if found else 0


@dataclass(frozen=True, slots=True)
class Harness:
    """One way of taking a server away. `count` is how often for the whole proof and
    `least` for any share of it."""

    name: str
    module: str
    unit: str
    count: int
    least: int
    words: Words
    read: Reading = read_counts

    def asked(self, share: float) -> int:
        """Give how often it is to happen."""
        return max(self.least, math.ceil(self.count * share))

    def command(self, share: float) -> list[str]:
        """Give the command that does a share of it."""
        program = [sys.executable, "-m", f"penstock.testing.{self.module}"]
        return [*program, *self.words(self.asked(share), share)]


TWO = ("--jobs", "2")
HARNESSES = (
    Harness("kill -9", "kills", "kills", 1000, 20, often("--count", *TWO)),
    Harness(
        "power cuts, simulated",
        "simulation",
        "cuts",
        100_000,
        1000,
        often("--cuts", *TWO),
    ),
    Harness("power cuts, FUSE", "fuse_cuts", "cuts", 200, 4, often("--count")),
    Harness("power cuts, real kernel", "kernel_cuts", "cuts", 20, 1, often("--count")),
    Harness(
        "system calls that fail",
        "faults",
        "faults",
        500,
        20,
        often("--count", *TWO, whole="--all"),
    ),
    Harness(
        "damaged files",
        "corruption",
        "cases",
        200_000,
        100,
        every_nth,
        read_damage,
    ),
    Harness(
        "churn under the log's bound", "churn", "seconds", 3600, 5, often("--seconds")
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a harness has shown; a column is None where it does not tell it apart."""

    name: str
    unit: str
    done: int
    columns: Columns
    verdict: str
    seconds: float


def verdict_of(status: int, done: int, asked: int, columns: Columns) -> str:
    """Tell whether promises were kept, and often enough for that to mean anything."""
    if status == SKIPPED:
        return CANNOT
    if status or any(columns):
        return BROKEN
    return KEPT if done >= asked else TOO_FEW


def row_of(
    harness: Harness, share: float, status: int, said: list[str], seconds: float
) -> Row:
    """Read what a harness has told."""
    nothing: Columns = (None,) * len(COLUMNS)
    done, columns = harness.read(said) if status in (0, 1) else (0, nothing)
    verdict = verdict_of(status, done, harness.asked(share), columns)
    return Row(harness.name, harness.unit, done, columns, verdict, seconds)


def run(harness: Harness, share: float, say: Callable[[str], None]) -> Row:
    """Let a harness do its share, and pass on what it says."""
    began = time.monotonic()
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603  (ourselves, without a shell)
        harness.command(share),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            say(f"  {harness.module}: {said[-1]}")
    seconds = time.monotonic() - began
    return row_of(harness, share, process.returncode, said, seconds)


def table(rows: list[Row]) -> str:
    """Tell all in one table."""
    heads = "".join(f"{kind:>17}" for kind in COLUMNS)
    lines = [f"{'what was done':33}{'how often':>18}{heads}{'minutes':>9}  promises"]
    for row in rows:
        often = f"{row.done:,} {row.unit}"
        counts = "".join(f"{_told(n):>17}" for n in row.columns)
        minutes = f"{row.seconds / 60:9.1f}"
        lines.append(f"{row.name:33}{often:>18}{counts}{minutes}  {row.verdict}")
    return "\n".join(lines)


def _told(number: int | None) -> str:
    return "-" if number is None else str(number)


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError("a share is more than 0 and at most 1")
    return share


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.proof")
    modules = [harness.module for harness in HARNESSES]
    parser.add_argument("--share", type=_share, default=1.0, help="of the whole proof")
    parser.add_argument("--only", action="append", choices=modules)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run all, one after the other, and tell."""
    arguments = _arguments()
    wanted = [h for h in HARNESSES if not arguments.only or h.module in arguments.only]
    rows = []
    for harness in wanted:
        _say(f"{harness.name}: {harness.asked(arguments.share):,} {harness.unit}")
        rows.append(run(harness, arguments.share, _say))
    _say(f"\n{table(rows)}")
    skipped = [row.name for row in rows if row.verdict == CANNOT]
    if skipped:
        _say(f"\nSKIPPED here, and not proved: {', '.join(skipped)}")
    if any(row.verdict in (BROKEN, TOO_FEW) for row in rows):
        return 1
    return SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
