"""What is running: the version, the Python, and which modules are compiled."""

from __future__ import annotations

import importlib.util
import platform
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import penstock

_SOURCE = Path(__file__).parent


def typed_modules() -> list[str]:
    """The modules that have C types beside them, by their dotted names."""
    return sorted(
        ".".join(("penstock", *types.relative_to(_SOURCE).with_suffix("").parts))
        for types in _SOURCE.rglob("*.pxd")
        if types.with_suffix(".py").exists()
    )


def is_compiled(module: str) -> bool:
    """Whether importing this module gives machine code, without importing it."""
    spec = importlib.util.find_spec(module)
    origin = spec.origin if spec is not None else None
    return origin is not None and origin.endswith(tuple(EXTENSION_SUFFIXES))


def describe() -> str:
    """One line for `penstock --version`."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"penstock {penstock.__version__}, {python}, {_compiled_share()}"


def _compiled_share() -> str:
    names = typed_modules()
    plain = [name.removeprefix("penstock.") for name in names if not is_compiled(name)]
    if not plain:
        short = (name.removeprefix("penstock.") for name in names)
        return f"compiled: {', '.join(short) or 'nothing'}"
    return (
        f"compiled: {len(names) - len(plain)} of {len(names)}, not: {', '.join(plain)}"
    )


def main(arguments: list[str]) -> int:
    """Print the line; with --require-compiled, fail unless all of it is compiled."""
    sys.stdout.write(describe() + "\n")
    required = "--require-compiled" in arguments
    return int(required and not all(map(is_compiled, typed_modules())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
