"""What a cut through the log would give up: read from the bytes behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from penstock.cli.output import counted, size
from penstock.core.describe import describe
from penstock.errors import FlagError, FormatError
from penstock.log.file import Folder
from penstock.log.file.layout import (
    SECTOR,
    STORE,
    Frame,
    find_frames,
    read_store,
    segment_name,
    segment_number,
)

MOST_NAMED = 10  # ids that a sentence names; the others are counted


@dataclass(slots=True)
class Loss:
    """`count` bytes that were written lie behind the cut, in `files`. In the `batches`
    among them that can still be read, jobs were put and deleted."""

    files: list[str] = field(default_factory=list)
    count: int = 0
    batches: list[int] = field(default_factory=list)
    events: int = 0
    put: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Say what would be given up."""
        if not self.count:
            return ["nothing was written behind it"]
        files = ", ".join(self.files)
        lines = [f"{size(self.count)} that were written: {files}"]
        if not self.batches:
            return [*lines, "none of it can be read any more"]
        first, last = self.batches[0], self.batches[-1]
        read = counted(len(self.batches), "batch", "batches")
        events = counted(self.events, "event")
        lines.append(f"{read} of it can still be read, {first} to {last}, {events}")
        if self.put:
            lines.append(f"{counted(len(self.put), 'job')} put there: {_ids(self.put)}")
        if self.deleted:
            told = f"{counted(len(self.deleted), 'job')} deleted there"
            lines.append(f"{told} may come back: {_ids(self.deleted)}")
        return lines

    def add(self, frame: Frame) -> None:
        """Count a batch that would be given up."""
        self.batches.append(frame.stored.seq)
        for event in describe(frame.stored.payload):
            self._note(event)

    def _note(self, event: dict[str, Any]) -> None:
        self.events += 1
        if event["kind"] == "put":
            self.put.append(event["id"])
        elif event["kind"] == "delete":
            self.deleted.append(event["id"])


def behind(folder: Folder, number: int, offset: int) -> Loss:
    """Look at everything behind a place in the log."""
    _check_place(folder, number, offset)
    store = read_store(folder.read(STORE, 0, SECTOR))
    loss = Loss()
    for each in folder.names():
        this = segment_number(each)
        if this is not None and this >= number:
            content = folder.read(each, 0, folder.size(each))
            start = offset if this == number else 0
            _look(loss, each, content, start, store)
    # A job that was put and deleted behind the cut was never there.
    loss.deleted = [id for id in loss.deleted if id not in set(loss.put)]
    return loss


def _check_place(folder: Folder, number: int, offset: int) -> None:
    """Refuse what is no place; a missing segment has one, its beginning."""
    name, place = segment_name(number), f"--cut-at {number}:{offset}"
    numbers = [each for each in map(segment_number, folder.names()) if each is not None]
    if name not in folder.names() and (offset or number > max(numbers, default=0)):
        raise FlagError(f"{place}: there is no {name}")
    most = folder.size(name) if offset else 0
    if offset % SECTOR or offset > most:
        raise FlagError(f"{place}: allowed is a multiple of {SECTOR} up to {most}")


def _look(loss: Loss, name: str, content: bytes, start: int, store: bytes) -> None:
    written = len(content[start:].rstrip(b"\0"))
    if not written:
        return
    loss.count += written
    loss.files.append(name if start == 0 else f"{name} from offset {start} on")
    number = segment_number(name)
    assert number is not None
    try:
        for frame in find_frames(content, max(start, SECTOR), store, number):
            loss.add(frame)
    except FormatError as error:
        # It is given up anyway; that it is not understood is part of what is said.
        loss.files[-1] += f" ({error})"


def _ids(ids: list[int]) -> str:
    named = ", ".join(str(id) for id in ids[:MOST_NAMED])
    return named if len(ids) <= MOST_NAMED else f"{named} and others"
