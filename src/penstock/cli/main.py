"""The command line: which verbs there are, and how what goes wrong is told."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

from penstock import version
from penstock.cli.verbs import (
    beanstalkd,
    check,
    dump,
    explain,
    import_binlog,
    ping,
    repair,
    serve,
)
from penstock.errors import (
    FlagError,
    FormatError,
    LogBusy,
    LogCorrupt,
    LogError,
    LogUnfinished,
    PenstockError,
)

USAGE = 2  # the status of a wrong flag, as everywhere
INTERRUPTED = 130  # as a shell tells it: 128 and the number of SIGINT

# The first that fits: damaged data, a folder in use, storage that failed, settings.
STATUSES = (
    (FlagError, USAGE),
    ((LogCorrupt, LogUnfinished, FormatError), os.EX_DATAERR),
    (LogBusy, os.EX_TEMPFAIL),
    ((LogError, OSError), os.EX_IOERR),
    (PenstockError, os.EX_CONFIG),
)

app = typer.Typer(
    name="penstock",
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command(
    epilog=beanstalkd.EXAMPLES,
    # Its options are beanstalkd's, and read as there; -h is one of them.
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": ["--help"],
    },
)(beanstalkd.beanstalkd)
app.command(epilog=ping.EXAMPLES)(ping.ping)
app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=dump.EXAMPLES)(dump.dump)
app.command(epilog=explain.EXAMPLES)(explain.explain)
app.command(epilog=repair.EXAMPLES)(repair.repair)
importing = typer.Typer(
    no_args_is_help=True, help="Take over jobs that are kept elsewhere."
)
importing.command("beanstalkd-binlog", epilog=import_binlog.EXAMPLES)(
    import_binlog.import_binlog
)
app.add_typer(importing, name="import")


def _say_version(wanted: bool) -> None:
    if wanted:
        print(version.describe())
        raise typer.Exit


@app.callback()
def penstock(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Say the version, the Python, and what is compiled.",
        ),
    ] = False,
) -> None:
    """A message queue server that speaks what your program already speaks."""


def main() -> int:
    """Run what was typed; whatever goes wrong is one line and a status."""
    try:
        status = app(prog_name="penstock", standalone_mode=False)
    except typer.TyperException as error:
        # Without a verb the help has been shown, and nothing is left to say.
        text = error.format_message()
        return _complain(f"{text} (see {_help(error)})", USAGE) if text else USAGE
    except typer.Abort:
        return INTERRUPTED
    except (PenstockError, OSError) as error:
        status = next(code for kind, code in STATUSES if isinstance(error, kind))
        return _complain(_sentence(error), status)
    except Exception as error:  # the last place that can tell it in one line
        return _complain(_mistake(error), os.EX_SOFTWARE)
    return status if isinstance(status, int) else 0


def _sentence(error: Exception) -> str:
    """Say what the system refused as it says it, without its number."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return str(error)


def _help(error: Exception) -> str:
    """Say what lists the flags where this went wrong."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'penstock'} --help"


def _mistake(error: Exception) -> str:
    """Name a mistake of ours and the line of code that made it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    told = " ".join(str(error).split())
    return (
        f"a mistake of ours, please report it: {type(error).__name__}: {told}"
        f" ({place.filename}, line {place.lineno})"
    )


def _complain(text: str, status: int) -> int:
    print(f"penstock: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
