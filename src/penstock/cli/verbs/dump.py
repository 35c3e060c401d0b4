"""`penstock dump`: what is in a data folder, one line of JSON for each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.cli.output import iso, reader_may_leave, say_json
from penstock.errors import LogCorrupt
from penstock.log import Stored

if TYPE_CHECKING:
    from penstock.log.file.folder import FileFolder

EXAMPLES = """
Examples:

\b
  penstock dump /var/lib/penstock | head
  penstock dump /var/lib/penstock --job 17
  penstock dump /var/lib/penstock --from 120000 --no-bodies
  penstock dump damaged-copy --salvage

Each line has the number of its batch, its place in the batch, the engine's
time and the wall clock's, and the event: kind, id, and what belongs to that
kind. Times within an event are nanoseconds of the engine's time, which
begins with the store.
"""

PRIVATE = ("body", "value", "notes")


def dump(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data folder.")],
    first: Annotated[
        int, typer.Option("--from", metavar="SEQ", min=1, help="The first batch.")
    ] = 1,
    job: Annotated[
        int | None, typer.Option(metavar="ID", min=1, help="Only what names this job.")
    ] = None,
    no_bodies: Annotated[
        bool,
        typer.Option(
            "--no-bodies", help="Leave out bodies, notes and records' values."
        ),
    ] = False,
    salvage: Annotated[
        bool,
        typer.Option(
            "--salvage",
            help="Whatever can be read: behind damage, and in quarantine/.",
        ),
    ] = False,
) -> None:
    """Print every event of a data folder as a line of JSON; change nothing."""
    # Here, so that --help and --version need none of it.
    from penstock.cli import folders  # noqa: PLC0415

    data = folders.for_reading(folder)
    with reader_may_leave(), folders.named(data.path):
        left_out = PRIVATE if no_bodies else ()
        found: Iterable[tuple[str, Stored]]
        if salvage:
            found = salvaged(data, first)
        else:
            found = (("", batch) for batch in in_order(data, first))
        for file, batch in found:
            where = {"file": file} if file else {}
            for line in lines(batch, job):
                kept = {key: line[key] for key in line if key not in left_out}
                say_json({**where, **kept})


def in_order(folder: FileFolder, first: int) -> Iterator[Stored]:
    """Give the batches of the log; at damage the iterator raises what names it."""
    from penstock.cli import examination, folders  # noqa: PLC0415
    from penstock.log.file.scan import Scan  # noqa: PLC0415

    try:
        scan = folders.patiently(folder, lambda: Scan(folder))
    except LogCorrupt as error:
        return examination.in_front(folder, error, first)
    return scan.batches(first)


def salvaged(folder: FileFolder, first: int) -> Iterator[tuple[str, Stored]]:
    """Give the batches that can be read, wherever they stand, each once, and the file
    they are in."""
    from penstock.log.file.cut import readable, store_of  # noqa: PLC0415

    seen = set()
    for name, frame in readable(folder, store_of(folder)):
        batch = frame.stored
        key = (batch.term, batch.seq)  # a start may have written it again
        if batch.seq >= first and key not in seen:
            seen.add(key)
            yield name, batch


def lines(batch: Stored, job: int | None) -> Iterator[dict[str, Any]]:
    """Give an event's line, for each event or for those of one job."""
    from penstock.core.describe import describe  # noqa: PLC0415

    place = {"batch": batch.seq, "now": batch.now, "wall": iso(batch.wall)}
    for index, event in enumerate(describe(batch.payload)):
        if job is None or names(event, job):
            yield {**place, "index": index, **event}


def names(event: dict[str, Any], job: int) -> bool:
    """Tell whether an event names that job."""
    return bool(event.get("id") == job or job in event.get("ids", ()))
