"""`penstock import beanstalkd-binlog`: the jobs of a beanstalkd that has stopped."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.cli.output import Form, FormOption, counted, say_json

if TYPE_CHECKING:
    from penstock.beanstalkd.binlog import Binlog, Damage

EXAMPLES = """
Examples:

\b
  penstock import beanstalkd-binlog /var/lib/beanstalkd/binlog --dry-run
  penstock import beanstalkd-binlog /var/lib/beanstalkd/binlog
  penstock import beanstalkd-binlog binlog --data ./penstock-data -o json

The data folder has to be new or without jobs, for ids are kept. The binlog is
not written to. Status 65: something in it could not be read; what could is
there, and the rest is named.
"""

NAMED = 20  # ids in one line for people


def import_binlog(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What beanstalkd was given as -b.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The data folder to fill; that of `penstock serve`."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, instead of ./penstock.toml."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only read, and say what is there.")
    ] = False,
    output: FormOption = Form.TABLE,
) -> None:
    """Fill a new data folder with the jobs of a beanstalkd that has stopped."""
    # Here, so that --help and --version need none of it.
    from penstock.beanstalkd.binlog import opened  # noqa: PLC0415
    from penstock.beanstalkd.jobs import jobs, oldest  # noqa: PLC0415
    from penstock.cli import filling, folders  # noqa: PLC0415
    from penstock.cli.progress import Progress  # noqa: PLC0415

    target = folders.configured(data, config).absolute()
    with Progress("reading the binlog") as progress, opened(folder, progress) as found:
        if not dry_run:
            since = oldest(found) or time.time_ns()
            count = len(found.jobs)
            filling.fill(target, jobs(found), count, since, found.next_id)
        if output is Form.JSON:
            say_json(document(found, None if dry_run else target))
        else:
            print("\n".join(sentences(found, None if dry_run else target)))
        whole = not found.damages
    raise typer.Exit(os.EX_OK if whole else os.EX_DATAERR)


def document(found: Binlog, target: Path | None) -> dict[str, Any]:
    """Give what was found as plain values; `target` is None where nothing was done."""
    return {
        "files": found.files,
        "jobs": found.states(),
        "tubes": found.tubes(),
        "next_id": found.next_id,
        "lost": found.lost(),
        "suspicious": found.holes(),
        "damages": [
            {
                "file": each.file,
                "offset": each.offset,
                "reason": each.reason,
                "unread_bytes": each.hidden,
            }
            for each in found.damages
        ],
        "data": None if target is None else str(target),
    }


def sentences(found: Binlog, target: Path | None) -> list[str]:
    """Say the same in words."""
    jobs = sum(found.states().values())
    states = [f"{count:,} {state}" for state, count in found.states().items() if count]
    lines = [
        f"{counted(jobs, 'job')} in {counted(len(found.tubes()), 'tube')}"
        f" from {counted(found.files, 'file')}: {', '.join(states) or 'none'}"
    ]
    lines += [_damage(each) for each in found.damages]
    lines += _losses(found)
    if target is not None:
        what = "what could be read" if found.damages else "all of it"
        lines.append(f"{what} is in {target}, durable; the next id is {found.next_id}")
        lines.append(f"start with: penstock serve --data {target}")
    return lines


def _damage(damage: Damage) -> str:
    if not damage.hidden:
        return f"damaged: {damage.file}: {damage.reason}"
    behind = f"{counted(damage.hidden, 'byte')} from there on could not be read"
    return (
        f"damaged: {damage.file} at offset {damage.offset}: {damage.reason}; {behind}"
    )


def _losses(found: Binlog) -> list[str]:
    lines = []
    if found.damages:
        lost = found.lost()
        named = (
            f"jobs {_ids(lost)} are lost" if lost else "no id of a lost job is known"
        )
        lines.append(f"  {named}; others may be lost without a trace")
        lines.append(
            "  what was deleted there may be back, and what was released, buried or"
            " kicked may be as it was before"
        )
    holes = found.holes()
    if holes:
        what = "512 zero bytes where a sector of the file begins"
        lines.append(f"  jobs {_ids(holes)}: a body has {what}; look at it")
    return lines


def _ids(ids: list[int]) -> str:
    named = ", ".join(str(id) for id in ids[:NAMED])
    return named if len(ids) <= NAMED else f"{named} and {len(ids) - NAMED:,} more"
