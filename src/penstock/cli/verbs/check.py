"""`penstock check`: read a data folder from end to end and say what is in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.output import Form, FormOption, clock, counted, say_json, size

if TYPE_CHECKING:
    from penstock.cli.examination import Findings

EXAMPLES = """
Examples:

\b
  penstock check /var/lib/penstock
  penstock check /var/lib/penstock -o json
  penstock check copy && penstock serve --data copy

Status 0: the next start takes the folder as it is. Status 65: it is
damaged, of a later release, or an import into it was broken off.
"""


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data folder.")],
    output: FormOption = Form.TABLE,
) -> None:
    """Read a data folder from end to end and say what is in it; change nothing."""
    # Here, so that --help and --version need none of it.
    from penstock.cli import examination, folders  # noqa: PLC0415
    from penstock.cli.progress import Progress  # noqa: PLC0415

    with Progress("reading the log") as progress:
        findings = examination.examine(folders.for_reading(folder), progress)
    if output is Form.JSON:
        say_json(findings.document())
    else:
        print("\n".join(sentences(findings)))
    healthy = findings.verdict in (examination.GOOD, examination.TORN)
    raise typer.Exit(os.EX_OK if healthy else os.EX_DATAERR)


def sentences(findings: Findings) -> list[str]:
    """Say it in words, the verdict last."""
    return [
        *_what_there_is(findings),
        *_what_is_in_it(findings),
        *_who_is_there(findings),
        *VERDICTS[findings.verdict](findings),
    ]


def _what_there_is(findings: Findings) -> list[str]:
    if not findings.segments:
        return [findings.folder]
    files = [str(each["file"]) for each in findings.segments]
    names = files[0] if len(files) == 1 else f"{files[0]} to {files[-1]}"
    space = size(sum(int(each["bytes"]) for each in findings.segments))
    count = counted(len(files), "segment")
    spares = f", and {counted(findings.spares, 'spare')}" if findings.spares else ""
    return [f"{findings.folder}: {count} ({names}), {space}{spares}"]


def _what_is_in_it(findings: Findings) -> list[str]:
    first, last = findings.first, findings.last
    if first is None or last is None:
        # Of a damaged folder more may be there than was come to.
        return [] if findings.verdict == "damaged" else ["  no batch"]
    lines = [
        f"  batches {first.seq} to {last.seq}, {counted(findings.events, 'event')},"
        f" {clock(first.wall)} to {clock(last.wall)} UTC"
    ]
    if findings.jobs:
        jobs = [f"{count:,} {state}" for state, count in findings.jobs.items() if count]
        told = ", ".join(jobs) or "none"
        lines.append(f"  jobs: {told}; the next id is {last.next_id}")
    return lines


def _who_is_there(findings: Findings) -> list[str]:
    if findings.server is None:
        return []
    return [
        f"  a server is using this folder ({findings.server}): this is how it was while"
        " it was read"
    ]


# Verdicts.

REFUSED = "no server starts here: look for a copy of this folder from before"


def _good(findings: Findings) -> list[str]:
    if findings.last is None:
        return ["good: nothing has been kept here yet"]
    return ["good: every batch is whole and follows the one before"]


def _torn(findings: Findings) -> list[str]:
    place = f"{findings.file} from offset {findings.offset} on"
    what = f"{place}, {counted(findings.torn, 'byte')}"
    if findings.server is not None:
        return [f"good up to {what}: what the server is writing"]
    return [
        "good: every batch is whole and follows the one before",
        f"torn at the end: {what}, as a write leaves them that was under way when the"
        " machine stopped. Of such a write nothing was acknowledged with sync = always;"
        " with interval or never it may have been. The next start cuts them off and"
        " keeps them in quarantine/",
    ]


def _damaged(findings: Findings) -> list[str]:
    if findings.file is None:
        return [f"damaged: {findings.reason}"]
    place = f"{findings.file} at offset {findings.offset}"
    lines = [f"damaged: {place}: {findings.reason}", REFUSED]
    if findings.cut_at is not None:
        cut = f"penstock repair {findings.folder} --cut-at {findings.cut_at}"
        lines.append(f"if there is none, give up what is behind the damage: {cut}")
        lines.append("it says what that is, and asks, before it changes anything")
    return lines


def _newer(findings: Findings) -> list[str]:
    return [f"of a later release: {findings.reason}; nothing was touched"]


def _unfinished(findings: Findings) -> list[str]:
    return [f"unfinished: an import was broken off; {findings.reason}"]


VERDICTS = {
    "good": _good,
    "torn": _torn,
    "damaged": _damaged,
    "newer": _newer,
    "unfinished": _unfinished,
}
