"""`penstock serve`: the server, in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:

\b
  penstock serve --data ./penstock-data
  penstock serve --memory
  penstock serve --beanstalk 127.0.0.1:11300 --beanstalk unix:/run/jobs.sock
  penstock serve --beanstalk 0.0.0.0:11300 --allow 10.0.0.0/8
  penstock serve --config /etc/penstock.toml --log-format json

Flags can also be variables (PENSTOCK_MAX_JOB_SIZE=64KiB) or keys of
penstock.toml (max_job_size = "64KiB"), but for --config, --insecure-public and
--any-file-system; flags come first, then variables.
"""


# Where jobs are kept.
Data = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="The folder to keep jobs in. Without it: $STATE_DIRECTORY,"
        " /var/lib/penstock for root, else $XDG_STATE_HOME/penstock.",
    ),
]
Sync = Annotated[
    str | None,
    typer.Option(
        metavar="MODE",
        help="When to sync: always (before every reply; so without this flag),"
        " interval:MS or never.",
    ),
]
Memory = Annotated[
    bool, typer.Option("--memory", help="Keep jobs in memory: gone when it stops.")
]
AnyFileSystem = Annotated[
    bool,
    typer.Option(
        "--any-file-system", help="Keep jobs on a network's or a FUSE file system."
    ),
]

# Who is served.
Beanstalk = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDR",
        help="Listen there: HOST:PORT, [IPV6]:PORT, unix:PATH or off; repeatable."
        " Without it: 127.0.0.1:11300 and [::1]:11300.",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="CIDR", help="Other machines that may connect."),
]
InsecurePublic = Annotated[
    bool,
    typer.Option("--insecure-public", help="Let ranges of the public internet in."),
]

Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings, instead of ./penstock.toml."),
]
JobSize = Annotated[
    str | None, typer.Option(metavar="SIZE", help="The largest body; 1MiB.")
]
LogFormat = Annotated[
    str | None, typer.Option(metavar="console|json", help="How to log.")
]


def serve(
    config: Config = None,
    data: Data = None,
    sync: Sync = None,
    memory: Memory = False,
    beanstalk: Beanstalk = None,
    allow: Allow = None,
    max_job_size: JobSize = None,
    log_format: LogFormat = None,
    insecure_public: InsecurePublic = False,
    any_file_system: AnyFileSystem = False,
) -> None:
    """Serve beanstalk clients in the foreground until SIGTERM."""
    # Here, so that --help and --version need none of it.
    from penstock.cli import foreground  # noqa: PLC0415

    flags = {
        "data": data,
        "sync": sync,
        "memory": memory or None,
        "beanstalk": beanstalk or None,
        "allow": allow or None,
        "max_job_size": max_job_size,
        "log_format": log_format,
    }
    typed = foreground.Typed(insecure_public, any_file_system)
    raise typer.Exit(foreground.run(flags, config, typed))
