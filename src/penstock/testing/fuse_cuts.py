"""Power cuts under load: a real server on a file system that forgets.

    python -m penstock.testing.fuse_cuts --count 200 --seed 7

Each cut takes the power away from the disk at a moment chosen by chance, some while the
server starts, then kills the server, lets none, some or all of what was not synced
survive, and starts the server again. A recorder loads it meanwhile and looks at every
job after each start; now and then everything is drained, judged, and begun afresh with
an empty folder.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from penstock.testing.checkers import Verdict, check
from penstock.testing.data_server import (
    Command,
    DataServer,
    RecorderProcess,
    beanstalkd,
    penstock,
)
from penstock.testing.history import read_history
from penstock.testing.volatile_fs import VolatileFs, is_available

LIVES = 20  # of a server, before it begins with an empty folder
SHARES = (0.0, 0.0, 0.05, 0.5, 0.5, 0.95, 1.0)  # of what is unsynced that survives
WHILE_STARTING = 0.25  # of all cuts
MOST_MOMENTS = 9  # a cut comes at most 2 ** so many moments after it was decided
MOST_SAID = 400_000  # bytes of history before a cut under load
WHILE = 2.0  # seconds that these may take
OUR_ENDS = (0, -signal.SIGTERM)  # of a recorder: by itself, by us
LOOK = 0.002  # seconds between two looks
STUCK = 60.0  # seconds that a recorder may take to end after its server


@dataclass
class Tally:
    """What has happened; `wrong` says what should not have."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def judge(self, verdict: Verdict, name: str) -> None:
        """Add a verdict over one store."""
        self.counts += verdict.counts
        if verdict.violations:
            self.wrong.append(f"{name}: {verdict}")


class Store:
    """One data folder through all its lives."""

    def __init__(
        self, disk: VolatileFs, folder: Path, name: str, command: Command, tally: Tally
    ) -> None:
        self._disk = disk
        self._folder = folder
        self._name = name
        self._command = command
        self._tally = tally
        self._lives = 0
        self._chance = Random(name)  # noqa: S311  (chance that can be repeated)
        self._data = disk.folder / name
        self._history = folder / f"{name}.history"

    def cut(self) -> None:
        """Start the server, load it, take the power away."""
        starting = self._chance.random() < WHILE_STARTING
        if starting:
            self._disk.cut_after(self._moments())
        server = self._start()
        recorder = self._record(server)
        if server.wait_serving(lambda: self._disk.wait_for_cut(0)):
            self._load_and_cut()
        elif server.has_ended():
            self._wrong(f"it ended with {server.wait()}: {server.said()}")
        else:
            self._tally.counts["cuts while starting"] += 1
            recorder.end()
        self._recover(server)
        recorded = recorder.wait(STUCK)
        if recorded.status not in OUR_ENDS and not recorded.came_too_late():
            self._wrong(f"{recorded.said}{server.said()}")

    def _moments(self) -> int:
        return int(2 ** self._chance.uniform(0, MOST_MOMENTS))

    def _load_and_cut(self) -> None:
        """Wait until so much has been said to the server, and a little longer."""
        last = time.monotonic() + WHILE
        enough = self._said() + self._chance.randrange(MOST_SAID)
        while self._said() < enough and time.monotonic() < last:
            self._disk.wait_for_cut(LOOK)
        self._disk.cut_after(self._moments())
        self._disk.wait_for_cut(WHILE)
        self._disk.cut()

    def _said(self) -> int:
        return self._history.stat().st_size if self._history.exists() else 0

    def _recover(self, server: DataServer) -> None:
        """End the server at this moment; give the disk its power back."""
        self._disk.cut()
        server.kill()
        seed = self._chance.getrandbits(32)
        lacking = self._disk.power_on(seed, self._chance.choice(SHARES))
        server.wait()
        server.socket.unlink(missing_ok=True)
        self._tally.counts["changes in doubt"] += lacking
        self._tally.counts["cuts"] += 1

    def finish(self) -> None:
        """Drain what is left; judge the whole history."""
        server = self._start()
        recorded = self._record(server, "--drain").wait(STUCK)
        if recorded.status:
            self._wrong(f"drain: {recorded.said} {server.said()}")
        status = server.stop()
        if status and self._command is penstock:
            self._wrong(f"it ended with {status}: {server.said()}")
        self._tally.judge(check(read_history(self._history)), self._name)

    def _wrong(self, what: str) -> None:
        self._tally.wrong.append(f"{self._name}, life {self._lives}: {what}")

    def _start(self) -> DataServer:
        self._lives += 1
        name = f"{self._name}-{self._lives}"
        return DataServer(self._command, self._data, self._folder, name)

    def _record(self, server: DataServer, *options: str) -> RecorderProcess:
        seed = f"{self._name}-{self._lives}"
        options = ("--seed", seed, "--patience", "8", *options)
        return RecorderProcess(server.address, self._history, *options)


def run(count: int, seed: str, command: Command, report: bool = False) -> Tally:
    """Cut so many times."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="penstock-") as name:
        folder = Path(name)
        (folder / "disk").mkdir()
        with VolatileFs(folder / "disk") as disk:
            while tally.counts["cuts"] < count and not tally.wrong:
                store = Store(
                    disk, folder, f"{seed}-{tally.counts['cuts']}", command, tally
                )
                for _ in range(min(LIVES, count - tally.counts["cuts"])):
                    store.cut()
                store.finish()
                if report:
                    print(dict(tally.counts), flush=True)  # noqa: T201
    return tally


def main() -> int:
    """Cut, and say what came of it."""
    parser = argparse.ArgumentParser(prog="penstock.testing.fuse_cuts")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", default=str(time.time_ns()))
    parser.add_argument(
        "--beanstalkd", metavar="OPTION", help="cut beanstalkd with that option instead"
    )
    arguments = parser.parse_args()
    if not is_available():
        print("SKIPPED: this machine mounts no FUSE file system", file=sys.stderr)  # noqa: T201
        return 77
    command: Command = penstock
    if arguments.beanstalkd:
        command = partial(beanstalkd, option=arguments.beanstalkd)
    print(f"seed {arguments.seed}", flush=True)  # noqa: T201
    tally = run(arguments.count, arguments.seed, command, report=True)
    for line in tally.wrong:
        print(line)  # noqa: T201
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
