"""Kills a real server at random moments, again and again, and judges what it kept.

    python -m penstock.testing.kills --count 1000 --seed 7 --jobs 2
    python -m penstock.testing.kills --command "beanstalkd -l ADDRESS -b DATA -f0"

A chapter is one data folder from empty to drained. In it a recorder, which outlives
the server, loads it; the server is killed under load, while the recorder looks at what
is left, in a quiet moment, while it starts, or is asked to end in order; and starts
again with what is on the disk. What the recorder has written down is judged at the end.
A kill leaves the page cache as it is: this cannot find a sync that is missing.

Ends with 1 when a promise was broken, or when less happened than must have for that to
mean anything; the folder of a chapter that went wrong is kept.
"""

from __future__ import annotations

import argparse
import json
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from penstock.testing.checkers import check
from penstock.testing.data_server import DataServer
from penstock.testing.history import read_history
from penstock.testing.tally import Tally

KILLS = 25  # of one chapter
PATIENCE = 60.0  # seconds until something that must come is missed
END = 2.0  # seconds that a recorder may take to end
LOADED = 600_000  # bytes of history at most before a kill: what 2,500 commands leave
HUSH = 1.3  # seconds
LONGEST = 3.0  # seconds that these may take
LOOK = 0.001  # seconds between two looks


class Broken(Exception):  # noqa: N818
    """Server or recorder did not do what the test needs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a chapter is to do; in `command` DATA and ADDRESS are filled in."""

    number: int
    seed: int
    kills: int
    command: str
    largest: int


def templated(template: str) -> Callable[[Path, Path], list[str]]:
    """Make a server's command of words with DATA and ADDRESS in them."""

    def command(data: Path, address: Path) -> list[str]:
        words = shlex.split(template)
        values = (("DATA", str(data)), ("ADDRESS", f"unix:{address}"))
        for name, value in values:
            words = [word.replace(name, value) for word in words]
        return words

    return command


class Recording:
    """A recorder in its own process, which is told what to do life by life."""

    def __init__(self, address: str, history: Path, plan: Plan) -> None:
        words = [sys.executable, "-m", "penstock.testing.recorder", address]
        options = [f"--seed={plan.seed}.{plan.number}", f"--largest={plan.largest}"]
        self._process = subprocess.Popen(  # noqa: S603  (ourselves, without a shell)
            [*words, str(history), "--control", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what is read ahead would hide from select
        )

    def tell(self, line: str) -> None:
        """Tell what the next life is for."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def hear(self, *, unless: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """Wait for what it says; raises Broken when that will not come."""
        assert self._process.stdout is not None
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last and not unless():
            if select.select([self._process.stdout], [], [], 0.05)[0]:
                said: dict[str, Any] = json.loads(self._process.stdout.readline())
                if "error" in said:
                    raise Broken(said["error"])
                return said
        raise Broken("the recorder said nothing")

    def is_there(self) -> bool:
        """Tell whether its process goes on."""
        return self._process.poll() is None

    def end(self) -> None:
        """Let it write the rest and end; by force where it still waits for a server."""
        try:
            self._process.communicate(timeout=END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Chapter:
    """One data folder from empty to drained."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.tally = Tally()
        self._plan = plan
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir()
        self._chance = Random(f"{plan.seed}.{plan.number}")  # noqa: S311
        self._history = folder / "history"
        address = f"unix:{folder / 'server.sock'}"
        self._recording = Recording(address, self._history, plan)
        self._took = 0.3  # seconds that a start took

    def run(self) -> None:
        """Kill so many times, drain, judge."""
        ways = self._ways()
        try:
            while self.tally.counts["kills"] < self._plan.kills:
                next(ways)()
            self._drain()
        finally:
            self._recording.end()
        self.tally.judge(check(read_history(self._history)))

    def _ways(self) -> Iterator[Callable[[], None]]:
        """Choose how the next server ends."""
        ways = (
            (14, self._kill_loaded),
            (3, self._kill_starting),
            (2, self._kill_looking),
            (2, self._kill_quiet),
            (1, self._kill_hushed),
            (1, self._stop),
            (1, self._drain),
        )
        weights = [weight for weight, _ in ways]
        while True:
            yield self._chance.choices([way for _, way in ways], weights)[0]

    def _start(self) -> DataServer:
        command = templated(self._plan.command)
        return DataServer(command, self._data, self._folder, "server")

    def _begin(self, purpose: str) -> DataServer:
        """Start a server, and let the recorder reach it."""
        began = time.monotonic()
        server = self._start()
        self._recording.tell(purpose)
        try:
            self._recording.hear(unless=server.has_ended)
        except Broken as error:
            server.kill()
            raise Broken(f"{error}; the server said: {server.said()[-2000:]}") from None
        self._took = time.monotonic() - began
        return server

    def _kill(self, server: DataServer, way: str) -> None:
        if server.has_ended():
            raise Broken(f"the server had ended: {server.said()[-2000:]}")
        server.kill()
        server.wait()
        self.tally.counts["kills"] += 1
        self.tally.counts[way] += 1

    def _kill_loaded(self) -> None:
        server = self._begin("load 3600 0")
        self._await_load()
        self._kill(server, "loaded")
        self._recording.hear()

    def _await_load(self) -> None:
        """Wait until so much was said: a slow machine takes longer to say the same."""
        size = self._history.stat().st_size + self._chance.randrange(LOADED)
        last = time.monotonic() + LONGEST
        while self._history.stat().st_size < size and time.monotonic() < last:
            time.sleep(LOOK)

    def _kill_looking(self) -> None:
        server = self._begin("load 3600 0")
        time.sleep(self._chance.uniform(0, 0.01))
        self._kill(server, "looking")
        self._recording.hear()

    def _kill_starting(self) -> None:
        server = self._start()
        time.sleep(self._chance.uniform(0, self._took))
        self._kill(server, "starting")

    def _kill_quiet(self) -> None:
        """Kill when all is acknowledged, and perhaps sealed."""
        server = self._begin("load 0.05 0")
        self._recording.hear()
        time.sleep(self._chance.uniform(0, 0.05))
        self._kill(server, "quiet")

    def _kill_hushed(self) -> None:
        """Kill after a while in which nobody said anything, and short ttrs ran out."""
        server = self._begin(f"load 3600 {HUSH}")
        time.sleep(HUSH)
        self._await_load()
        self._kill(server, "hushed")
        self._recording.hear()

    def _stop(self) -> None:
        """Ask the server to end in order, under load."""
        server = self._begin("load 3600 0")
        self._await_load()
        server.stop()
        self.tally.counts["stops"] += 1
        self._recording.hear()

    def _drain(self) -> None:
        """Take all that is left; the folder is used again with nothing in it."""
        server = self._begin("drain")
        if not self._recording.hear().get("drained", -1) >= 0:
            raise Broken("the server went away during a drain")
        server.stop()


def run_chapter(plan: Plan) -> Tally:
    """Go through one chapter in a folder of its own; keep it where it went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-kills-"))
    chapter = Chapter(plan, folder)
    try:
        chapter.run()
    except Broken as error:
        chapter.tally.wrong.append(str(error))
    if chapter.tally.wrong:
        chapter.tally.wrong.append(f"chapter {plan.number} is kept in {folder}")
    else:
        shutil.rmtree(folder)
    return chapter.tally


def plans(count: int, seed: int, command: str, largest: int) -> list[Plan]:
    """Divide so many kills into chapters."""
    sizes = [KILLS] * (count // KILLS) + [count % KILLS] * (count % KILLS > 0)
    return [
        Plan(number, seed, kills, command, largest)
        for number, kills in enumerate(sizes)
    ]


def penstock_command(sync: str) -> str:
    """Give the command of the server that this is about."""
    serve = "-m penstock.cli.main serve --data DATA --beanstalk ADDRESS"
    mode = "" if sync == "always" else f" --sync {sync}"
    return f"{shlex.quote(sys.executable)} {serve}{mode}"


def run(todo: list[Plan], jobs: int, say: Callable[[str], None]) -> Tally:
    """Go through the chapters, so many at a time; say how it goes."""
    tally, began = Tally(), time.monotonic()
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for chapter in as_completed([pool.submit(run_chapter, plan) for plan in todo]):
            tally.add(chapter.result())
            kills = tally.counts["kills"]
            pace = (time.monotonic() - began) / max(kills, 1)
            broken = sum(tally.violations.values())
            say(f"{kills} kills, {broken} promises broken, {pace:.2f} s a kill")
    return tally


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.kills")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sync", default="always")
    parser.add_argument("--command", help="another server; DATA and ADDRESS in it")
    parser.add_argument("--largest", type=int, default=65535, metavar="BYTES")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Kill, judge, tell."""
    arguments = _arguments()
    command = arguments.command or penstock_command(arguments.sync)
    todo = plans(arguments.count, arguments.seed, command, arguments.largest)
    tally = run(todo, arguments.jobs, _say)
    short = [f"too little happened: {what}" for what in tally.missing()]
    for line in (*tally.wrong, *short, str(tally)):
        _say(line)
    return 1 if tally.wrong or short else 0


if __name__ == "__main__":
    sys.exit(main())
