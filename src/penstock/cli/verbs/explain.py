"""`penstock explain`: the life of one job, in words, from the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.output import Form, FormOption, say_json

EXAMPLES = """
Examples:

\b
  penstock explain 17
  penstock explain 17 --data /var/lib/penstock
  penstock explain 17 --data /var/lib/penstock -o json

It reads the log, so it tells of deleted jobs too, as far back as the log
goes. A server may go on using the folder. Times are UTC. Status 1: nothing
is known of the job.
"""


def explain(
    job: Annotated[int, typer.Argument(metavar="JOB", min=1, help="The job's id.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder; that of `penstock serve`."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, instead of ./penstock.toml."),
    ] = None,
    output: FormOption = Form.TABLE,
) -> None:
    """Tell the life of a job: what happened, when, and why it was given out again."""
    # Here, so that --help and --version need none of it.
    from penstock.cli import folders  # noqa: PLC0415
    from penstock.cli.progress import Progress  # noqa: PLC0415
    from penstock.cli.story import Story  # noqa: PLC0415
    from penstock.log.file.scan import Scan  # noqa: PLC0415

    folder = folders.for_reading(folders.configured(data, config))
    salvage = f"penstock dump {folder.path} --salvage --job {job}"
    elsewhere = salvage if folder.kept() else None

    def look() -> Story:
        scan, story = Scan(folder), Story(job, elsewhere)
        before = min([each.first for each in scan.headers.values()], default=1) - 1
        total = scan.end.seq - before
        story.read(scan.batches(), lambda seq: progress(seq - before, total))
        return story

    with Progress("reading the log") as progress, folders.named(folder.path):
        story = folders.patiently(folder, look)
    if output is Form.JSON:
        say_json(story.document())
    else:
        print("\n".join(story.sentences()))
    raise typer.Exit(0 if story.life.moments else 1)
