"""Raw figures on disk: written after a run, read again to render them."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Pace, Result
from bench.rows import ROWS
from bench.servers import ROOT, BenchError, cores

FORMAT = 1


def machine() -> dict[str, str]:
    """What the figures depend on besides us."""
    return {
        "cpu": _cpu_model(),
        "cores": ", ".join(str(core) for core in sorted(set(cores()))),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "python": platform.python_version(),
        "beanstalkd": _version("beanstalkd", "-v"),
        "redis": _version("redis-server", "--version"),
        "commit": _version("git", "rev-parse", "--short", "HEAD"),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        return "not installed"
    # A program found by its name, asked for a version.
    done = subprocess.run(  # noqa: S603
        [path, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.stdout.strip()


def save(results: Sequence[Result], pace: Pace, path: Path) -> None:
    """Write all samples, and what is needed to judge them later."""
    whole = {
        "format": FORMAT,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "pace": asdict(pace),
        "rows": {
            result.row.name: {
                "title": result.row.title,
                "samples": result.samples,
                "skipped": result.skipped,
                "left_out": result.left_out,
            }
            for result in results
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1) + "\n")


def read(paths: Sequence[Path]) -> tuple[list[Result], dict[str, Any]]:
    """Read runs again; of a row that is in several files the last one counts."""
    found: dict[str, Result] = {}
    about: dict[str, Any] = {}
    known = {row.name: row for row in ROWS}
    for path in paths:
        whole = json.loads(path.read_text())
        if whole.get("format") != FORMAT:
            raise BenchError(f"{path}: not a file of raw figures, format {FORMAT}")
        about = {key: whole[key] for key in ("at", "machine", "pace")}
        for name, raw in whole["rows"].items():
            if name in known:
                found[name] = Result(
                    known[name], raw["samples"], raw["skipped"], raw["left_out"]
                )
    order = [row.name for row in ROWS if row.name in found]
    return [found[name] for name in order], about
