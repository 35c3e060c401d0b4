"""What has happened while servers were taken away, and what should not have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from penstock.testing.checkers import Verdict

# How much must have happened for each kill, on the average, to prove anything.
FLOORS = {"commands": 100.0, "put": 10.0, "deleted": 5.0, "restart": 0.2}
FEWEST = 20  # kills from which on that average means something

KINDS = (
    "lost",
    "returned",
    "altered",
    "invented",
    "doubled",
    "exclusion",
    "reused",
    "order",
)


@dataclass
class Tally:
    """What has happened, and in `wrong` what should not have."""

    counts: Counter[str] = field(default_factory=Counter)
    redelivered: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def judge(self, verdict: Verdict) -> None:
        """Add a verdict."""
        self.counts += verdict.counts
        self.redelivered += verdict.redelivered
        self.violations += Counter(v.kind for v in verdict.violations)
        if verdict.violations:
            self.wrong.append(str(verdict))

    def add(self, other: Tally) -> None:
        """Add another chapter's."""
        self.counts += other.counts
        self.redelivered += other.redelivered
        self.violations += other.violations
        self.wrong += other.wrong

    def missing(self) -> list[str]:
        """Name what has not happened often enough."""
        kills = self.counts["kills"]
        if kills < FEWEST:
            return []
        had = self.counts | Counter(restart=self.redelivered["restart"])
        return [
            f"{name}: {had[name]}, at least {floor * kills:.0f} of {kills} kills"
            for name, floor in FLOORS.items()
            if had[name] < floor * kills
        ]

    def __str__(self) -> str:
        counts = self.counts
        again = [f"{n} {why}" for why, n in self.redelivered.most_common()]
        broken = [f"{self.violations[kind]} {kind}" for kind in KINDS]
        return (
            f"{counts['kills']} kills ({counts['starting']} while starting,"
            f" {counts['looking']} just started, {counts['quiet']} when quiet,"
            f" {counts['hushed']} after a hush, {counts['loaded']} under load),"
            f" {counts['stops']} stops; {counts['commands']} commands,"
            f" {counts['no reply']} without a reply,"
            f" {counts['put']} puts, {counts['deleted']} deletes;"
            f" redelivered: {', '.join(again) or 'none'}; {', '.join(broken)}"
        )
