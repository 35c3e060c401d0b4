"""Makes system calls of a real server fail, one at a time, and judges what it kept.

    python -m penstock.testing.faults --all --jobs 2
    python -m penstock.testing.faults --count 40 --seed 7
    python -m penstock.testing.faults --case "put / fdatasync / EIO / 2"

Every call of the log's path on its files x every error that it may have x every time
that it is made in a phase. A fault that is injected keeps the call from being carried
out (strace); a short write and a sync that loses what it should have kept are the
disk's own doing. After each fault nothing may be acknowledged that is not on the disk:
the power goes, the server starts again, everything is looked at and taken.

Ends with 1 when a promise was broken or too few faults came, with 77 where there is no
strace or no FUSE.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from random import Random

from penstock.testing import tracing, volatile_fs
from penstock.testing.fault_scene import (
    PHASES,
    Case,
    Outcome,
    Scene,
    Snapshot,
)
from penstock.testing.tally import KINDS
from penstock.testing.volatile_fs import VolatileFs

# The calls on the data folder, and what each of them may end with.
WRITE = ("EIO", "ENOSPC", "EDQUOT", "EINTR")
ERRORS = {
    "mkdir": ("EIO", "ENOSPC", "EDQUOT"),
    "openat": ("EIO", "EMFILE", "ENOSPC", "EINTR"),
    "flock": ("EIO", "EINTR"),
    "statfs": ("EIO",),
    "fstatfs": ("EIO",),
    "newfstatat": ("EIO",),
    "getdents64": ("EIO",),
    "fadvise64": ("EIO",),
    "read": ("EIO", "EINTR"),
    "pread64": ("EIO", "EINTR"),
    "write": WRITE,
    "pwrite64": WRITE,
    "pwritev": WRITE,
    "fallocate": WRITE,
    "ftruncate": WRITE,
    "fdatasync": WRITE,
    "fsync": WRITE,
    "rename": ("EIO", "ENOSPC", "EDQUOT"),
    "unlink": ("EIO",),
    "unlinkat": ("EIO",),
    "close": ("EIO", "EINTR"),
    "mmap": ("EIO", "EMFILE"),
    "short write": ("EIO",),
    "lost sync": ("EIO", "ENOSPC"),
}
# Which counted calls tell how often the disk's own faults can come.
COUNTED = {"short write": ("pwrite64", "pwritev"), "lost sync": ("fdatasync", "fsync")}
MOST = 12  # n-th times of one call in one phase; what comes more often is alike
CHUNK = 10  # cases that a process plays before it gets a new disk
FIRED = 0.9  # of all faults must come
SKIPPED = 77  # the exit status of what could not be done here


@dataclass
class Tally:
    """What has happened; `wrong` says what should not have."""

    played: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Add what came of a case."""
        self.played += 1
        if not outcome.fired:
            self.counts["did not come"] += 1
        elif outcome.status is None:
            self.counts["went on"] += 1
        else:
            self.counts[f"ended with {outcome.status}"] += 1
        self.violations += outcome.violations
        self.wrong += [f"{outcome.case}: {what}" for what in outcome.wrong]

    @property
    def fired(self) -> int:
        """Count the faults that came."""
        return self.played - self.counts["did not come"]

    def __str__(self) -> str:
        parts = [f"{count} {name}" for name, count in self.counts.most_common()]
        broken = [f"{self.violations[kind]} {kind}" for kind in KINDS]
        return (
            f"{self.fired} faults: {', '.join(parts)};"
            f" {len(self.wrong)} wrong, {', '.join(broken)}"
        )


def play(snapshot: Snapshot, cases: list[Case]) -> list[Outcome]:
    """Play some cases on a disk of their own."""
    with tempfile.TemporaryDirectory(prefix="penstock-faults-") as name:
        folder = Path(name)
        (folder / "disk").mkdir()
        with VolatileFs(folder / "disk") as disk:
            scene = Scene(disk, folder)
            return [scene.play(snapshot, case, case.phase) for case in cases]


def census(phase: str, snapshot: Snapshot) -> Counter[str]:
    """Count the calls of a phase, the most that one thread makes of each."""
    with tempfile.TemporaryDirectory(prefix="penstock-faults-") as name:
        folder = Path(name)
        (folder / "disk").mkdir()
        with VolatileFs(folder / "disk") as disk:
            outcome = Scene(disk, folder).play(snapshot, None, phase)
    if outcome.wrong:
        raise RuntimeError(f"{phase} without a fault: {outcome.wrong}")
    return outcome.calls


def take_snapshot() -> Snapshot:
    """Make the folder that all cases begin with."""
    with tempfile.TemporaryDirectory(prefix="penstock-faults-") as name:
        folder = Path(name)
        (folder / "disk").mkdir()
        with VolatileFs(folder / "disk") as disk:
            return Scene(disk, folder).snapshot()


def cases_of(phase: str, calls: Counter[str]) -> list[Case]:
    """List all cases of a phase in which so many calls were made."""
    found = []
    for call, errors in ERRORS.items():
        times = sum(calls[name] for name in COUNTED.get(call, (call,)))
        for nth in range(1, min(times, MOST) + 1):
            found += [Case(phase, call, error, nth) for error in errors]
    return found


def find_cases(snapshot: Snapshot, jobs: int) -> list[Case]:
    """Play each phase without a fault, and list all cases that there are."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        counts = pool.map(census, PHASES, repeat(snapshot))
        return [
            case
            for phase, calls in zip(PHASES, counts, strict=True)
            for case in cases_of(phase, calls)
        ]


def run(
    snapshot: Snapshot, cases: list[Case], jobs: int, say: Callable[[str], None]
) -> Tally:
    """Play the cases; say how it goes."""
    tally = Tally()
    chunks = [cases[at : at + CHUNK] for at in range(0, len(cases), CHUNK)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in pool.map(play, repeat(snapshot), chunks):
            for outcome in done:
                tally.add(outcome)
            say(str(tally))
    return tally


def sample(cases: list[Case], count: int, seed: int) -> list[Case]:
    """Choose some of all phases, calls and errors."""
    return Random(seed).sample(cases, min(count, len(cases)))  # noqa: S311


def case_from(text: str) -> Case:
    """Read a case as it is written."""
    phase, call, error, nth = text.split(" / ")
    return Case(phase, call, error, int(nth))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.faults")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--case", help="one alone, as it is written in what went wrong")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def is_available() -> bool:
    """Tell whether faults can be played on this machine."""
    return tracing.is_available() and volatile_fs.is_available()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Play, judge, tell."""
    arguments = _arguments()
    if not is_available():
        _say("SKIPPED: strace or FUSE is not there (Debian: strace, fuse3)")
        return SKIPPED

    snapshot = take_snapshot()
    if arguments.case:
        cases = [case_from(arguments.case)]
    else:
        cases = find_cases(snapshot, arguments.jobs)
        _say(f"{len(cases)} cases")
    if not (arguments.all or arguments.case):
        cases = sample(cases, arguments.count, arguments.seed)
    tally = run(snapshot, cases, arguments.jobs, _say)
    too_few = tally.fired < FIRED * tally.played
    for line in (*tally.wrong, *(["too few of the faults came"] if too_few else [])):
        _say(line)
    _say(str(tally))
    return 1 if tally.wrong or too_few else 0


if __name__ == "__main__":
    sys.exit(main())
