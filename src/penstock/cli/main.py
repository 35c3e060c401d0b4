"""The command line: which verbs there are, and how mistakes are told."""

from __future__ import annotations

import sys

import typer

from penstock import version
from penstock.cli.verbs.serve import serve
from penstock.errors import PenstockError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command()(serve)


def print_version(wanted: bool) -> None:
    """Say what is running, and end."""
    if wanted:
        print(version.describe())
        raise typer.Exit


@app.callback()
def penstock(
    show_version: bool = typer.Option(
        False,
        "--version",
        callback=print_version,
        is_eager=True,
        help="Say which version this is, on which Python, and what is compiled.",
    ),
) -> None:
    """A message queue server that speaks what your program already speaks."""


def main() -> int:
    """Run what was typed; give the exit status."""
    try:
        app()
    except PenstockError as error:
        print(f"penstock: {error}", file=sys.stderr)
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())
