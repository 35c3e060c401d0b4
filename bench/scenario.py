"""What the load generator is asked to do, and the sides that are set beside each other.

A row of the table compares two sides, each a server under a scenario; more sides are
shown beside them without a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bench.figures import Bar

Probe = Literal["load", "memory", "start", "recovery", "skip-locked"]


@dataclass(frozen=True)
class Scenario:
    """The load on a server; the fields are the generator's flags."""

    mode: str = "put"
    connections: int = 1
    depth: int = 1
    body: int = 16
    tubes: int = 1
    fill: int = 0
    fill_delay: int = 0
    random_pri: bool = False
    waiters: int = 0
    idle: int = 0
    redis: bool = False
    one_core: bool = False

    def flags(self) -> list[str]:
        """Give the generator's command line, without port and times."""
        found = ["--mode", self.mode]
        for name in (
            "connections",
            "depth",
            "body",
            "tubes",
            "fill",
            "fill_delay",
            "waiters",
            "idle",
        ):
            value = getattr(self, name)
            if value != getattr(Scenario, name):
                found += [f"--{name.replace('_', '-')}", str(value)]
        found += ["--random-pri"] if self.random_pri else []
        found += ["--redis"] if self.redis else []
        return found

    def descriptors(self) -> int:
        """How many files the server or the generator has open at most."""
        active = self.connections * (2 if self.mode == "wake" else 1)
        return active + self.waiters + self.idle + 100

    def scaled(self, part: float) -> Scenario:
        """Shrink what is prefilled, for a quick look."""
        fill = self.fill if self.tubes > 1 else int(self.fill * part)
        return replace(self, fill=fill)


@dataclass(frozen=True)
class Side:
    """A server under a scenario, and how it is measured."""

    server: str
    scenario: Scenario
    label: str = ""
    probe: Probe = "load"

    @property
    def name(self) -> str:
        return self.label or self.server


@dataclass(frozen=True)
class Row:
    """A row of the table: our side first, then what it is judged against."""

    name: str
    title: str
    sides: tuple[Side, ...]
    bars: tuple[Bar, ...]
    # One server for all rounds: filling a million jobs takes longer than the run.
    keep: bool = False
    most_rounds: int = 1000
