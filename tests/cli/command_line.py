"""The command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from typer.core import TyperGroup
from typer.main import get_group

from penstock.cli.main import app

PENSTOCK = [sys.executable, "-m", "penstock.cli.main"]


def flags_of_verbs() -> dict[str, set[str]]:
    """Give the flags of each verb; one below another has both words."""
    found: dict[str, set[str]] = {}
    for verb, command in get_group(app).commands.items():
        below = command.commands if isinstance(command, TyperGroup) else {"": command}
        for word, each in below.items():
            names = {name for option in each.params for name in option.opts}
            found[f"{verb} {word}".strip()] = {n for n in names if n[0] == "-"}
    return found


def penstock(
    *arguments: str, cwd: object = "/", environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
    return subprocess.run(
        [*PENSTOCK, *arguments],
        cwd=str(cwd),
        env={**kept, **(environ or {}), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )
