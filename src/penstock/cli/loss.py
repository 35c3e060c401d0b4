"""What a cut through the log would give up: read from the bytes behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from penstock.cli.output import counted, size
from penstock.core.describe import describe
from penstock.core.engine import Engine
from penstock.core.replay import Replay
from penstock.errors import FlagError, FormatError
from penstock.log import Stored
from penstock.log.file import Folder
from penstock.log.file.cut import Cut, kept, numbers
from penstock.log.file.layout import SECTOR, Frame, find_frames, segment_name

MOST_NAMED = 10  # ids that a sentence names; the others are counted


@dataclass(slots=True)
class Loss:
    """`count` bytes that were written lie behind the cut, in `files`. In the `batches`
    among them that can still be read, jobs were put, or written anew, which are not
    among those that are `left`, and some of these were deleted."""

    left: set[int]
    files: list[str] = field(default_factory=list)
    count: int = 0
    batches: list[int] = field(default_factory=list)
    events: int = 0
    put: dict[int, None] = field(default_factory=dict)  # in order
    deleted: list[int] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Say what would be given up."""
        if not self.count:
            return ["nothing is there behind it"]
        files = ", ".join(self.files)
        lines = [f"{size(self.count)} that were written: {files}"]
        if not self.batches:
            return [*lines, "none of it can be read any more"]
        first, last = self.batches[0], self.batches[-1]
        read = counted(len(self.batches), "batch", "batches")
        events = counted(self.events, "event")
        lines.append(f"{read} of it can still be read, {first} to {last}, {events}")
        if self.put:
            lines.append(
                f"{counted(len(self.put), 'job')} put there: {_ids(list(self.put))}"
            )
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
        kind, id = event["kind"], event.get("id", 0)
        if kind in ("put", "job_image") and id not in self.left:
            self.put[id] = None
        elif kind == "delete" and id in self.left:
            self.deleted.append(id)


def behind(folder: Folder, cut: Cut) -> Loss:
    """Look at everything behind a cut."""
    loss = Loss(_jobs(kept(folder, cut)))
    for number in numbers(folder):
        if number >= cut.number:
            name = segment_name(number)
            content = folder.read(name, 0, folder.size(name))
            start = cut.offset if number == cut.number else 0
            _look(loss, number, content, start, cut.store)
    return loss


def _jobs(batches: Iterable[Stored]) -> set[int]:
    """Tell which jobs there are after some batches."""
    engine = Engine()
    replay = Replay(engine.store)
    for batch in batches:
        replay.apply(batch.payload)
    return set(engine.index.jobs.ids())


def check_place(folder: Folder, number: int, offset: int) -> None:
    """Refuse what is no place; a missing segment has one, its beginning."""
    name, place = segment_name(number), f"--cut-at {number}:{offset}"
    is_there = name in folder.names()
    if not is_there and (offset or not 1 <= number <= max(numbers(folder), default=1)):
        raise FlagError(f"{place}: there is no {name}")
    most = folder.size(name) // SECTOR * SECTOR if is_there else 0
    if offset % SECTOR or offset > most:
        raise FlagError(f"{place}: allowed is a multiple of {SECTOR} up to {most}")


def _look(loss: Loss, number: int, content: bytes, start: int, store: bytes) -> None:
    written = len(content[start:].rstrip(b"\0"))
    if not written:
        return
    name = segment_name(number)
    loss.count += written
    loss.files.append(name if start == 0 else f"{name} from offset {start} on")
    try:
        for frame in find_frames(content, max(start, SECTOR), store, number):
            loss.add(frame)
    except FormatError as error:
        # It is given up anyway; that it is not understood is part of what is said.
        loss.files[-1] += f" ({error})"


def _ids(ids: list[int]) -> str:
    named = ", ".join(str(id) for id in ids[:MOST_NAMED])
    return named if len(ids) <= MOST_NAMED else f"{named} and others"
