"""`penstock repair`: give up what is behind a damaged place of the log."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.errors import FlagError, FormatError, LogCorrupt, LogError

if TYPE_CHECKING:
    from penstock.log.file.folder import FileFolder

EXAMPLES = """
Examples:

\b
  penstock check /var/lib/penstock
  penstock repair /var/lib/penstock --cut-at 3:4096
  penstock repair /var/lib/penstock --cut-at 3:4096 --yes

`penstock check` names the place. What is cut off is not thrown away: it is
kept in the folder's quarantine/. Ids go on far above all that were given,
so that none is given twice.
"""

PLACE = re.compile(r"0*(\d{1,10})(?:\.log)?:(\d{1,18})")


def repair(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data folder.")],
    cut_at: Annotated[
        str,
        typer.Option(
            "--cut-at", metavar="SEGMENT:OFFSET", help="Where the log is to end."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let the log end at a place, so that a server starts again; ask before."""
    # Here, so that --help and --version need none of it.
    from penstock.cli import folders, loss  # noqa: PLC0415
    from penstock.log.file.cut import plan  # noqa: PLC0415
    from penstock.log.file.repair import carry_out  # noqa: PLC0415

    number, offset = place(cut_at)
    data = folders.for_changing(folder)
    with folders.named(data.path), contextlib.closing(data):
        data.lock()
        loss.check_place(data, number, offset)
        cut = plan(data, number, offset)
        lost = loss.behind(data, cut)
        told = [*lost.sentences(), *_as_it_is(data)]
        print(
            "\n  ".join([f"cutting {data.path} at {number}:{offset} gives up", *told])
        )
        if not yes and not _agreed():
            print("nothing was changed")
            raise typer.Exit(1)
        try:
            carry_out(data, cut)
        except OSError as error:
            hint = f"{error.strerror}: do it again once that is put right"
            raise LogError("repair", str(data.path), hint=hint) from None
    where = f"; what was behind it is kept in {data.path / 'quarantine'}"
    print(f"cut{where if lost.count else ''}")


def place(text: str) -> tuple[int, int]:
    """Read SEGMENT:OFFSET; the segment may be named as its file is."""
    match = PLACE.fullmatch(text)
    if match is None:
        raise FlagError(f"--cut-at {text}: allowed is SEGMENT:OFFSET, such as 3:4096")
    return int(match[1]), int(match[2])


def _as_it_is(data: FileFolder) -> list[str]:
    """Say what a start says of it, or that there is nothing to repair."""
    from penstock.cli.examination import reason  # noqa: PLC0415
    from penstock.log.file.scan import Scan  # noqa: PLC0415

    try:
        for _batch in Scan(data).batches():
            pass
    except LogCorrupt as error:
        return [f"damaged: {error.path}: {reason(error)}"]
    except (LogError, FormatError, FileNotFoundError):
        return []
    return ["nothing is damaged here: a server starts without this"]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise FlagError("nobody is there to be asked: add --yes")
    return typer.confirm("go on?")
