"""Cuts the power of a real kernel with a server on it, and judges what it kept.

    python -m penstock.testing.kernel_cuts --count 20 --seed 7
    python -m penstock.testing.kernel_cuts --command "beanstalkd -l ADDRESS -b DATA -F"

Server and recorder run inside user-mode-linux, the data folder is on an ext4 of its
own, and the recorder's history is on the host. Each cut kills the kernel, under load or
while the server starts; the next boot mounts the disk as it is and starts the server
again. First of all it is shown that a cut can lose something.

Ends with 1 when a promise was broken or too little happened, with 77 where there is no
user-mode-linux.
"""

from __future__ import annotations

import argparse
import select
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from penstock.testing import kernel_guest, uml
from penstock.testing.checkers import check
from penstock.testing.fuse_cuts import SMALL
from penstock.testing.history import read_history
from penstock.testing.kills import Broken
from penstock.testing.tally import Tally
from penstock.testing.uml import Machine, is_available, new_disk

STARTING = 0.25  # of all cuts
STARTED = 0.8  # seconds within which these come, from when the server is started
SAID = 300_000  # bytes of history before a cut under load, at most
PATIENCE = 60.0  # seconds until something that must come is missed
LOOK = 0.002  # seconds between two looks
PER_DISK = 20  # cuts, before it is drained and a new one is taken
SKIPPED = 77  # the exit status of what could not be done here


class Chapter:
    """One disk from empty to drained."""

    def __init__(self, seed: str, command: str, share: Path) -> None:
        self.tally = Tally()
        self._seed = seed
        self._command = command
        self._share = share
        self._chance = Random(seed)  # noqa: S311  (chance that can be repeated)
        self._disk = new_disk(share / "disk")
        self._history = share / kernel_guest.HISTORY
        self._boots = 0

    def run(self, cuts: int) -> None:
        """Cut so many times, drain, judge."""
        try:
            for _ in range(cuts):
                self._cut()
            with self._boot("drain") as machine:
                if machine.wait(PATIENCE) != 0:
                    raise Broken(f"the drain failed: {_said(machine)}")
        except Broken as error:
            self.tally.wrong.append(str(error))
        self.tally.judge(check(read_history(self._history)))

    def _boot(self, purpose: str) -> Machine:
        self._boots += 1
        seed = f"{self._seed}.{self._boots}"
        program = [sys.executable, "-m", "penstock.testing.kernel_guest"]
        command = [*program, purpose, seed, self._command]
        return Machine(self._share, self._disk, command)

    def _cut(self) -> None:
        """Boot, and take the power away at a moment chosen by chance."""
        (self._share / kernel_guest.STARTED).unlink(missing_ok=True)
        said = _size(self._history)
        with self._boot("load") as machine:
            self._await(machine, (self._share / kernel_guest.STARTED).exists)
            if self._chance.random() < STARTING:
                _rest(self._chance.uniform(0, STARTED))
                self.tally.counts["starting"] += 1
            else:
                enough = said + self._chance.randint(1, SAID)
                self._await(machine, lambda: _size(self._history) >= enough)
                self.tally.counts["loaded"] += 1
            if not machine.is_on():
                raise Broken(f"it ended by itself: {_said(machine)}")
            machine.cut()
        self.tally.counts["kills"] += 1

    def _await(self, machine: Machine, come: Callable[[], bool]) -> None:
        last = time.monotonic() + PATIENCE
        while not come():
            if not machine.is_on() or time.monotonic() > last:
                raise Broken(f"it did not come: {_said(machine)}")
            _rest(LOOK)


def _rest(seconds: float) -> None:
    select.select([], [], [], seconds)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _said(machine: Machine) -> str:
    return machine.console().read_text(errors="replace")[-2000:]


def loses_what_is_unsynced() -> bool:
    """Tell whether a cut keeps what was synced, and nothing else."""
    program = [sys.executable, "-m", "penstock.testing.kernel_guest"]
    with tempfile.TemporaryDirectory(dir=uml.MEMORY) as name:
        share = Path(name)
        disk = new_disk(share / "disk")
        with Machine(share, disk, [*program, "write"]) as machine:
            last = time.monotonic() + PATIENCE
            while not (share / kernel_guest.STARTED).exists():
                if not machine.is_on() or time.monotonic() > last:
                    raise Broken(_said(machine))
                _rest(LOOK)
            machine.cut()
        with Machine(share, disk, [*program, "read"]) as machine:
            return machine.wait(PATIENCE) == 0


def run(count: int, seed: int, command: str, say: Callable[[str], None]) -> Tally:
    """Cut so many times; say how it goes."""
    tally = Tally()
    while tally.counts["kills"] < count and not tally.wrong:
        cuts = min(PER_DISK, count - tally.counts["kills"])
        with tempfile.TemporaryDirectory(dir=uml.MEMORY) as share:
            chapter = Chapter(f"{seed}.{tally.counts['kills']}", command, Path(share))
            chapter.run(cuts)
        tally.add(chapter.tally)
        broken = sum(tally.violations.values()) + len(tally.wrong)
        say(f"{tally.counts['kills']} cuts, {broken} promises broken")
    return tally


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.kernel_cuts")
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", default=SMALL)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Cut, judge, tell."""
    arguments = _arguments()
    if not is_available():
        _say("SKIPPED: there is no user-mode-linux here (Debian: user-mode-linux)")
        return SKIPPED
    if not loses_what_is_unsynced():
        _say("a cut of this kernel loses nothing: it proves nothing")
        return 1
    tally = run(arguments.count, arguments.seed, arguments.command, _say)
    short = [f"too little happened: {what}" for what in tally.missing()]
    for line in (*tally.wrong, *short, f"power cuts of a kernel: {tally}"):
        _say(line)
    return 1 if tally.wrong or short else 0


if __name__ == "__main__":
    sys.exit(main())
