"""The simulated power cuts as a program: many seeds, many cores, one line at the end.

    python -m penstock.testing.simulation --cuts 100000 --seed 1 --jobs 2
    python -m penstock.testing.simulation --seed 4711 --tell     one seed, life by life

`sim_lives` tells what one seed is. Seeds that failed before are run first. A seed is
the same run for as long as the code draws the same chances; `--keep` adds the ones that
fail to those that are kept. `--lies` and `--forgets` plant a drive that does not sync:
then the simulation has to fail.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path

import structlog

from penstock.errors import LogCorrupt
from penstock.testing.sim_lives import CUT, Lives
from penstock.testing.world import keep_seed, kept_seeds

NAME = "power-cuts"
SEEDS = Path("tests/regressions.seeds")
CHUNK = 25  # seeds that a process runs before it tells
OFTEN = 5.0  # seconds between two lines of progress
MOST_FAILURES = 10  # then there is no more to learn
KINDS = {
    "is lost": "lost",
    "recovered through": "lost",
    "deleted": "returned",
    "should not be there": "returned",
    "not what was written": "altered",
    "another body": "altered",
    " has ": "altered",
}


@dataclass(frozen=True)
class Planted:
    """Shares of syncs, of files and of the folder, that do nothing."""

    lies: float = 0.0
    forgets: float = 0.0

    def __str__(self) -> str:
        given = (("lies", self.lies), ("forgets", self.forgets))
        return "".join(f" --{name} {share}" for name, share in given if share)

    def into(self, lives: Lives) -> Lives:
        """Give that machine such a drive."""
        lives.world.machine.lies = self.lies
        lives.world.machine.forgets = self.forgets
        return lives


@dataclass
class Tally:
    """What some seeds came to: counts, and what the bad ones found."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add up."""
        self.counts += other.counts
        self.failures += other.failures

    @property
    def cuts(self) -> int:
        """Count the power cuts."""
        return self.counts[CUT + "s"]

    def kinds(self) -> Counter[str]:
        """Count the failures by what they mean."""
        return Counter(kind_of(found) for _seed, found in self.failures)

    def __str__(self) -> str:
        kinds = self.kinds()
        broken = [f"{kinds[k]} {k}" for k in ("lost", "returned", "altered", "refused")]
        broken += [f"{kinds['broken']} otherwise broken"]
        rest = {k: n for k, n in self.counts.items() if k != CUT + "s"}
        counted = (f"{number:,} {name}" for name, number in sorted(rest.items()))
        return f"{self.cuts:,} cuts, {', '.join(broken)}; {', '.join(counted)}"


def kind_of(found: str) -> str:
    """Tell what a failure means: lost, returned, altered, refused, or else broken."""
    if found.startswith(LogCorrupt.__name__):
        return "refused"
    return next((kind for said, kind in KINDS.items() if said in found), "broken")


def run(seeds: list[int], planted: Planted) -> Tally:
    """Live through some seeds."""
    tally = Tally()
    for seed in seeds:
        lives = planted.into(Lives(seed))
        try:
            lives.run()
        except Exception as error:
            tally.failures.append((seed, f"{type(error).__name__}: {error}"))
        tally.counts += lives.counts
    return tally


def mute() -> None:
    """Let the server log only what ends it; the rest is not looked at here."""
    level = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=level)


def tallies(seeds: Iterator[list[int]], jobs: int, planted: Planted) -> Iterator[Tally]:
    """Run lists of seeds, each in one of so many processes, for as long as asked."""
    if jobs == 1:
        yield from (run(some, planted) for some in seeds)
        return
    anew = get_context("spawn")  # whoever starts this may have threads
    with ProcessPoolExecutor(jobs, anew, initializer=mute) as pool:
        running = {pool.submit(run, some, planted) for some in islice(seeds, 2 * jobs)}
        while running:
            done, running = _next_done(running)
            yield from (future.result() for future in done)
            more = islice(seeds, len(done))
            running |= {pool.submit(run, some, planted) for some in more}


def _next_done(
    running: set[Future[Tally]],
) -> tuple[set[Future[Tally]], set[Future[Tally]]]:
    done, rest = wait(running, return_when=FIRST_COMPLETED)
    return done, rest


def in_chunks(
    first: list[int], start: int, is_enough: Callable[[], bool]
) -> Iterator[list[int]]:
    """Give the seeds that are kept, then all from that number on until it is enough."""
    if first:
        yield first
    for seed in count(start, CHUNK):
        if is_enough():
            return
        yield list(range(seed, seed + CHUNK))


def simulate(
    cuts: int, start: int, jobs: int, kept: list[int], planted: Planted
) -> Tally:
    """Run seeds until the power has been cut so often, or too much is broken."""
    tally, began = Tally(), time.monotonic()
    told = began

    def is_enough() -> bool:
        return tally.cuts >= cuts or len(tally.failures) >= MOST_FAILURES

    for more in tallies(in_chunks(kept, start, is_enough), jobs, planted):
        tally.add(more)
        for seed, found in more.failures:
            say(f"seed {seed}: {found}\n  again: --seed {seed} --tell{planted}")
        if time.monotonic() - told >= OFTEN:
            told = time.monotonic()
            say(
                f"{tally.cuts:,} of {cuts:,} cuts, {tally.cuts / (told - began):,.0f}/s"
            )
    return tally


def say(line: str) -> None:
    """Tell whoever started this."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell_one(seed: int, planted: Planted) -> int:
    """Tell one seed, life by life."""
    lives = planted.into(Lives(seed, say))
    say(str(lives))
    lives.run()
    return 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.simulation")
    parser.add_argument("--cuts", type=int, default=5000, help="how often")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--tell", action="store_true", help="one seed, life by life")
    parser.add_argument("--seeds", type=Path, default=SEEDS, help="those that failed")
    parser.add_argument("--keep", action="store_true", help="add the ones that fail")
    parser.add_argument("--lies", type=float, default=0.0, help="syncs that do nothing")
    parser.add_argument("--forgets", type=float, default=0.0, help="folder syncs too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run it; the exit status is 1 where a promise was broken."""
    asked = _arguments(given)
    planted = Planted(asked.lies, asked.forgets)
    if asked.tell:
        return tell_one(asked.seed, planted)
    mute()
    kept = kept_seeds(asked.seeds, NAME)
    tally = simulate(asked.cuts, asked.seed, asked.jobs, kept, planted)
    for seed, found in tally.failures if asked.keep else []:
        keep_seed(asked.seeds, NAME, seed, found)
    say(str(tally))
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
