"""Compiled and plain side by side: which form of the typed modules a test runs.

A typed module is `x.py` with its C types in `x.pxd` and, once compiled, an extension
`x.*.so` beside both; the import system then prefers the extension. `load("plain")` puts
a finder in front that sees only the `.py`. The form belongs to a whole process, since
compiled modules know each other's memory layout: another form means another process.

    python -m tests.variants plain script.py arguments...
    python -m tests.variants compiled -m pytest tests/core
"""

from __future__ import annotations

import importlib
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
FORMS = ("compiled", "plain")

# What calls C has no plain form.
COMPILED_ONLY = {
    "penstock.core.acceptor",
    "penstock.core.connection",
    "penstock.core.reactor",
    "penstock.log.file.disk",
    "penstock.log.file.filler",
    "penstock.server.broker",  # it hosts the reactor
}


def typed_modules() -> list[str]:
    """Every module with C types beside it, found without importing the server."""
    modules = (types.with_suffix(".py") for types in SOURCE.rglob("*.pxd"))
    inner = (m.relative_to(SOURCE).with_suffix("") for m in modules if m.exists())
    return sorted(".".join(path.parts) for path in inner)


def both_form_modules() -> list[str]:
    """The typed modules that also run uncompiled."""
    return [name for name in typed_modules() if name not in COMPILED_ONLY]


class PlainFinder(MetaPathFinder):
    """Finds typed modules by their Python source, as if nothing were compiled."""

    def __init__(self) -> None:
        self.typed = set(typed_modules())

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in self.typed:
            return None
        if fullname in COMPILED_ONLY:
            raise ImportError(f"{fullname} has no plain form", name=fullname)
        for folder in path or ():
            finder = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
            spec = finder.find_spec(fullname)
            if spec is not None:
                return spec
        return None


def load(form: str) -> None:
    """Decide the form for this process, before any typed module is imported."""
    assert form in FORMS, f"{form}: a form is one of {', '.join(FORMS)}"
    early = sorted(set(typed_modules()) & set(sys.modules))
    assert not early, f"imported before the form was decided: {', '.join(early)}"
    if form == "plain":
        sys.meta_path.insert(0, PlainFinder())


def form_of(module: str) -> str:
    """Import a module and say which form came."""
    origin = importlib.import_module(module).__file__ or ""
    return "compiled" if origin.endswith(tuple(EXTENSION_SUFFIXES)) else "plain"


def run(form: str, *arguments: str, timeout: float = 300) -> str:
    """Run Python with these arguments in the given form; give what it printed."""
    command = [sys.executable, "-m", "tests.variants", form, *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PENSTOCK_FORM": form},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def main(arguments: list[str]) -> None:
    """Load a form, then behave as `python` does with the rest of the arguments."""
    form, *rest = arguments
    load(form)
    if rest[0] == "-m":
        sys.argv = rest[1:]
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    elif rest[0] == "-c":
        sys.argv = ["-c", *rest[2:]]
        exec(compile(rest[1], "<command>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = rest
        runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
