"""A world from one number: chance, time, a machine and a loop.

Whatever a simulation leaves to chance it asks its world, so that the same seed gives
the same run. Seeds of runs that failed are kept in a file and run first.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from penstock.testing.clock import ManualClock
from penstock.testing.sim_loop import SimLoop
from penstock.testing.sim_machine import SimMachine

T = TypeVar("T")

SECOND = 1_000_000_000


class Weighted(Generic[T]):
    """Things to choose from, some more often than others."""

    def __init__(self, choices: Iterable[tuple[T, float]]) -> None:
        things, weights = zip(*choices, strict=True)
        self._things: list[T] = list(things)
        self._sums: list[float] = list(accumulate(weights))

    def pick(self, chance: Random) -> T:
        """Choose one."""
        return self._things[bisect(self._sums, chance.random() * self._sums[-1])]


class World:
    """Everything that does not follow from the code under test."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311  (it has to be the same again)
        self.clock = ManualClock(start=self.chance.randrange(1, 1000) * SECOND)
        self.machine = SimMachine(self.chance, self.clock)
        self.loop = SimLoop(self.clock)

    def happens(self, share: float) -> bool:
        """Decide something that is so in that share of all cases."""
        return self.chance.random() < share

    def below(self, bound: int) -> int:
        """Choose a number from 0 up to, and without, that one."""
        return int(self.chance.random() * bound)

    def restart(self, downtime: int, *, rebooted: bool) -> None:
        """A process has ended and the next begins after so many nanoseconds of wall
        time; a machine that was rebooted counts elapsed time anew."""
        if rebooted:
            start = self.below(100 * SECOND)
            self.clock = ManualClock(start=start, wall=self.clock.wall() + downtime)
            self.machine.clock = self.clock
        elif downtime > 0:
            self.clock.advance(ns=downtime)
        self.loop = SimLoop(self.clock)

    def pass_time(self, most: int) -> None:
        """Let up to so many nanoseconds pass, and no more than until something is
        due."""
        passed = self.below(most) + 1
        due = self.loop.next_moment() - self.clock.now()
        self.clock.advance(ns=min(passed, due) if due > 0 else passed)


def kept_seeds(file: Path, simulation: str) -> list[int]:
    """Read the seeds that are kept for a simulation."""
    if not file.exists():
        return []
    lines = (line.split("#")[0].split() for line in file.read_text().splitlines())
    return [int(words[1]) for words in lines if words and words[0] == simulation]


def keep_seed(file: Path, simulation: str, seed: int, reason: str) -> None:
    """Add a seed that failed, unless it is there."""
    if seed in kept_seeds(file, simulation):
        return
    with file.open("a") as kept:
        kept.write(f"{simulation} {seed}  # {' '.join(reason.split())}\n")
