"""Run the sides of a row in turn, round by round, and collect their samples."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from bench import skip_locked
from bench.figures import Sample
from bench.scenario import Row, Scenario, Side
from bench.servers import BUILD, ROOT, BenchError, Server, Spec, cores

COMPILE = ("gcc", "-O2", "-Wall", "-Wextra")


@dataclass(frozen=True)
class Pace:
    """How long and how often to measure."""

    rounds: int = 5
    seconds: float = 1.0
    warmup: float = 0.2
    fill_part: float = 1.0


@dataclass
class Result:
    """The samples of a row, one list for each side; or why there are none."""

    row: Row
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    skipped: str = ""
    left_out: list[str] = field(default_factory=list)


def compile_tools() -> None:
    """Build the load generator and the echo server where they are out of date."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("load", "echo"):
        source, target = ROOT / "bench" / f"{name}.c", BUILD / name
        if target.exists() and target.stat().st_mtime > source.stat().st_mtime:
            continue
        # Both paths are our own.
        subprocess.run([*COMPILE, "-o", target, source], check=True)  # noqa: S603


def raise_descriptor_limit() -> int:
    """Allow as many open files as we may; servers inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def load(server: Server, scenario: Scenario, pace: Pace) -> Sample:
    """Run the load generator against a server."""
    command = [
        "/usr/bin/taskset",
        "-c",
        str(cores()[0 if scenario.one_core else 1]),
        str(BUILD / "load"),
        *("--port", str(server.port), "--pid", str(server.pid)),
        *("--seconds", str(pace.seconds), "--warmup", str(pace.warmup)),
        *scenario.flags(),
    ]
    # Our own program, with arguments that are numbers and names of modes.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BenchError(f"{server.spec.name}: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    return {
        name: float(value)
        for name, value in found.items()
        if not isinstance(value, str)
    }


def fill(server: Server, scenario: Scenario, pace: Pace) -> Sample:
    """Memory for each job: resident size before and after the filling."""
    before = server.resident_bytes()
    quiet = replace(pace, seconds=0.1, warmup=0.0)
    # The put that follows the filling adds a few jobs: they are counted in.
    once = replace(scenario, mode="put", connections=1)
    added = load(server, once, quiet)["ops"] + scenario.fill
    grown = server.resident_bytes() - before
    return {"bytes_per_job": grown / added, "jobs": added}


class SideRun:
    """One side through all rounds, with a server for each round or one for all."""

    def __init__(self, side: Side, spec: Spec, pace: Pace, keep: bool) -> None:
        self.side = side
        self.samples: list[Sample] = []
        self._spec = spec
        self._pace = pace
        self._keep = keep
        self._scenario = side.scenario.scaled(pace.fill_part)
        self._kept: Server | None = None

    def measure(self) -> None:
        """Take one sample."""
        server = self._kept or Server(self._spec)
        try:
            self.samples.append(self._probe(server))
        finally:
            if self._keep:
                self._kept = server
            else:
                server.stop()
        if self._keep:
            # The next round finds the store as this one left it: full.
            self._scenario = replace(self._scenario, fill=0)

    def _probe(self, server: Server) -> Sample:
        match self.side.probe:
            case "memory":
                return fill(server, self._scenario, self._pace)
            case "start":
                return {"start_s": server.start_s}
            case "recovery":
                fill(server, self._scenario, self._pace)
                return {"start_s": server.restart()}
            case _:
                return load(server, self._scenario, self._pace)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.stop()


class SkipLockedRun:
    """PostgreSQL's side: its own client, its own server for all rounds."""

    def __init__(self, side: Side, pace: Pace) -> None:
        self.side = side
        self.samples: list[Sample] = []
        self._pace = pace
        self._cluster = skip_locked.Cluster()

    def measure(self) -> None:
        """Take one sample."""
        self.samples.append(
            self._cluster.measure(self.side.scenario.connections, self._pace.seconds)
        )

    def close(self) -> None:
        self._cluster.stop()


def missing(side: Side, specs: dict[str, Spec], descriptors: int) -> str | None:
    """Say why a side cannot be measured here, if it cannot."""
    if side.scenario.descriptors() > descriptors:
        return f"needs {side.scenario.descriptors()} open files, {descriptors} allowed"
    if side.probe == "skip-locked":
        return skip_locked.missing()
    return specs[side.server].missing()


def measure_row(
    row: Row,
    specs: dict[str, Spec],
    pace: Pace,
    descriptors: int,
    tell: Callable[[str], None],
) -> Result:
    """Measure every side that can be, in alternating order."""
    result = Result(row)
    absent = {side.name: missing(side, specs, descriptors) for side in row.sides}
    judged = [why for side in row.sides[:2] if (why := absent[side.name])]
    if judged:
        result.skipped = "; ".join(judged)
        return result
    result.left_out = [why for why in absent.values() if why]
    sides = [side for side in row.sides if not absent[side.name]]
    rounds = min(pace.rounds, row.most_rounds)
    with ExitStack() as stack:
        runs: list[SideRun | SkipLockedRun] = []
        for side in sides:
            run = (
                SkipLockedRun(side, pace)
                if side.probe == "skip-locked"
                else SideRun(side, specs[side.server], pace, row.keep)
            )
            stack.callback(run.close)
            runs.append(run)
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            for run in runs if number % 2 == 0 else reversed(runs):
                run.measure()
        result.samples = {run.side.name: run.samples for run in runs}
    return result
