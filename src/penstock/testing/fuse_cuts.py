"""Cuts the power of a real server's disk, again and again, and judges what it kept.

    python -m penstock.testing.fuse_cuts --count 200 --seed 7
    python -m penstock.testing.fuse_cuts --command "beanstalkd -l ADDRESS -b DATA -f0"

The data folder is on a file system that forgets what was not synced. Each cut takes its
power away at a moment chosen by chance, under load or while the server starts, kills
the server, lets none, some or all of what was not synced survive, and starts the server
again. A recorder, which nothing happens to, looks at every job after each start.

Ends with 1 when a promise was broken or too little happened, with 77 where no FUSE
file system can be mounted.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from penstock.testing.checkers import check
from penstock.testing.data_server import DataServer
from penstock.testing.history import read_history
from penstock.testing.kills import (
    Broken,
    Plan,
    Recording,
    plans,
    templated,
)
from penstock.testing.tally import Tally
from penstock.testing.volatile_fs import VolatileFs, is_available

# What answers behind FUSE is this program: that is the point here.
SERVE = "serve --data DATA --beanstalk ADDRESS --any-file-system"
USUAL = f"{shlex.quote(sys.executable)} -m penstock.cli.main {SERVE}"
SMALL = f"{shlex.quote(sys.executable)} -m penstock.testing.small_server {SERVE}"
SHARES = (0.0, 0.0, 0.05, 0.5, 0.5, 0.95, 1.0)  # of what is unsynced that survives
STARTING = 0.25  # of all cuts
MOMENTS = 9  # a cut comes at most 2 ** so many moments after it was decided on
LOADED = 300_000  # bytes of history, at most, before a cut under load
LONGEST = 5.0  # seconds that these may take
LOOK = 0.002  # seconds between two looks
SOON = 2.0  # seconds until a cut comes in any case
SKIPPED = 77  # the exit status of what could not be done here


class Chapter:
    """One data folder from empty to drained."""

    def __init__(self, plan: Plan, disk: VolatileFs, folder: Path) -> None:
        self.tally = Tally()
        self._plan = plan
        self._disk = disk
        self._folder = folder
        self._chance = Random(f"{plan.seed}.{plan.number}")  # noqa: S311
        self._history = folder / "history"
        address = f"unix:{folder / 'server.sock'}"
        self._recording = Recording(address, self._history, plan)

    def run(self) -> None:
        """Cut so many times, drain, judge."""
        try:
            for _ in range(self._plan.kills):
                starting = self._chance.random() < STARTING
                self._cut_starting() if starting else self._cut_loaded()
            self._drain()
        except Broken as error:
            self.tally.wrong.append(str(error))
        finally:
            self._recording.end()
        self.tally.judge(check(read_history(self._history)))

    def _start(self) -> DataServer:
        command = templated(self._plan.command)
        return DataServer(command, self._disk.folder / "data", self._folder, "server")

    def _begin(self, purpose: str) -> DataServer:
        """Start a server, and let the recorder reach it."""
        server = self._start()
        self._recording.tell(purpose)
        try:
            self._recording.hear(unless=server.has_ended)
        except Broken as error:
            server.kill()
            raise Broken(f"{error}; the server said: {server.said()[-2000:]}") from None
        return server

    def _moments(self) -> int:
        return int(2 ** self._chance.uniform(0, MOMENTS))

    def _cut_loaded(self) -> None:
        server = self._begin("load 3600 0")
        self._await_load()
        self._disk.cut_after(self._moments())
        self._disk.wait_for_cut(SOON)
        self._recover(server, "loaded")
        self._recording.hear()

    def _await_load(self) -> None:
        """Wait until so much was said: a slow machine takes longer to say the same."""
        size = self._history.stat().st_size + self._chance.randrange(LOADED)
        last = time.monotonic() + LONGEST
        while self._history.stat().st_size < size and time.monotonic() < last:
            self._disk.wait_for_cut(LOOK)

    def _cut_starting(self) -> None:
        self._disk.cut_after(self._moments())
        server = self._start()
        served = server.wait_serving(lambda: self._disk.wait_for_cut(0))
        if not served and server.has_ended():
            raise Broken(f"the server ended by itself: {server.said()[-2000:]}")
        self._recover(server, "looking" if served else "starting")

    def _recover(self, server: DataServer, way: str) -> None:
        """End everything at this moment; give the disk its power back."""
        self._disk.cut()
        server.kill()
        seed, share = self._chance.getrandbits(32), self._chance.choice(SHARES)
        self.tally.counts["in doubt"] += self._disk.power_on(seed, share)
        server.wait()
        self.tally.counts["kills"] += 1
        self.tally.counts[way] += 1

    def _drain(self) -> None:
        server = self._begin("drain")
        try:
            if not self._recording.hear().get("drained", -1) >= 0:
                raise Broken("the server went away during a drain")
            server.stop()
        finally:
            server.kill()
            server.wait()


def run_chapter(plan: Plan) -> Tally:
    """Go through one chapter on a disk of its own."""
    with tempfile.TemporaryDirectory(prefix="penstock-cuts-") as name:
        folder = Path(name)
        (folder / "disk").mkdir()
        with VolatileFs(folder / "disk") as disk:
            chapter = Chapter(plan, disk, folder)
            chapter.run()
        return chapter.tally


def run(todo: list[Plan], say: Callable[[str], None]) -> Tally:
    """Go through the chapters; say how it goes."""
    tally = Tally()
    for plan in todo:
        tally.add(run_chapter(plan))
        broken = sum(tally.violations.values()) + len(tally.wrong)
        say(f"{tally.counts['kills']} cuts, {broken} promises broken")
    return tally


def alternating(todo: list[Plan]) -> list[Plan]:
    """Let a server with a small log, which rolls and is compacted all the time, take
    turns with one of the usual size."""
    return [replace(plan, command=USUAL if plan.number % 2 else SMALL) for plan in todo]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.fuse_cuts")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", help="another server; DATA and ADDRESS in it")
    parser.add_argument("--largest", type=int, default=65535, metavar="BYTES")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Cut, judge, tell."""
    arguments = _arguments()
    if not is_available():
        _say("SKIPPED: no FUSE file system can be mounted here (Debian: fuse3)")
        return SKIPPED
    command = arguments.command
    todo = plans(arguments.count, arguments.seed, command or "", arguments.largest)
    if not command:
        todo = alternating(todo)
    tally = run(todo, _say)
    short = [f"too little happened: {what}" for what in tally.missing()]
    in_doubt = f"{tally.counts['in doubt']} changes were in doubt"
    for line in (*tally.wrong, *short, f"power cuts: {tally}; {in_doubt}"):
        _say(line)
    return 1 if tally.wrong or short else 0


if __name__ == "__main__":
    sys.exit(main())
