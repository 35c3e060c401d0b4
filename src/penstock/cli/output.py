"""How verbs print: for people or as JSON, times, sizes, and pipes that close."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

SECOND = 1_000_000_000
MICROSECOND = 1_000
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Form(StrEnum):
    """For whom something is printed."""

    TABLE = "table"
    JSON = "json"


FormOption = Annotated[
    Form,
    typer.Option("-o", "--output", metavar="table|json", help="For people or as JSON."),
]


def say_json(document: dict[str, Any]) -> None:
    """Print a document on one line."""
    print(json.dumps(document, ensure_ascii=False))


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Let whoever reads our output close it: `penstock dump DIR | head`."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def iso(wall: int) -> str:
    """Write a time of the wall clock for machines: 2026-11-23T21:52:10.123456Z."""
    return _datetime(wall).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock(wall: int) -> str:
    """Write a time of the wall clock for people, in UTC as the server's log entries."""
    return _datetime(wall).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _datetime(wall: int) -> datetime:
    whole, rest = divmod(wall, SECOND)
    moment = datetime.fromtimestamp(whole, UTC)
    return moment.replace(microsecond=rest // MICROSECOND)


def seconds(duration: int) -> str:
    """Write a duration as the protocol counts it."""
    return f"{duration / SECOND:.9g} s"


def size(count: int) -> str:
    """Write bytes with the unit that reads best."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{count} bytes" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a number and what it counts: 1 job, 2,000 jobs, 2 batches."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
