"""The command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

PENSTOCK = [sys.executable, "-m", "penstock.cli.main"]


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
