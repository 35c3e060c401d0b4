"""A beanstalkd binlog folder, read as beanstalkd itself reads it at a start, and not
written to.

The files are read in order of their numbers; the last record of a job says how it is.
Where a record cannot be read, nothing behind it in that file can be trusted to begin
where it seems to: beanstalkd goes on with the next file, and so do we. What that may
have cost is told.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from penstock.beanstalkd.record import GONE, BadRecord, Content, Format, Numbers, Record
from penstock.core.job import BURIED, DELAYED, READY, STATE_NAMES
from penstock.errors import FlagError, LogBusy, LogError

LOCK = "lock"
FILE = re.compile(r"binlog\.([1-9]\d*)")
VERSION = 7
OLD_VERSION = 5  # up to release 1.4.6
HEADER = 4  # bytes of the version
SECTOR = 512  # bytes that a disk loses or keeps together
# struct flock of Linux, as fcntl(2) fills it in: type, whence, start, length, pid.
FLOCK = struct.Struct("hhqqi4x")

TOO_OLD = (
    "it is of beanstalkd 1.4.6 or earlier (format 5), which is not read here: let a"
    " newer beanstalkd serve it until its workers have emptied it"
)

Watch = Callable[[int, int], None]  # bytes read, and of how many


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in a file that is not as it was written. `ids` are the jobs that it
    certainly concerns; `hidden` bytes behind it were not read."""

    file: str
    offset: int
    reason: str
    ids: tuple[int, ...] = ()
    hidden: int = 0


@dataclass(slots=True)
class Found:
    """A job: its newest numbers, and where its body is. `place` is that in the line of
    buried jobs."""

    tube: bytes
    numbers: Numbers
    content: Content
    start: int
    place: int = 0

    def body(self) -> bytes:
        """Read the body."""
        return self.content[self.start : self.start + self.numbers.size]

    def has_hole(self) -> bool:
        """Tell whether a whole sector of the file is zeros in the body."""
        first = -self.start % SECTOR
        body = self.body()
        return any(
            not body[at : at + SECTOR].strip(b"\0")
            for at in range(first, len(body) - SECTOR + 1, SECTOR)
        )


@dataclass(slots=True)
class Binlog:
    """What a folder holds: jobs by id, what was damaged, the next id that is free.
    `gone` are ids that were deleted after something was damaged."""

    jobs: dict[int, Found] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    files: int = 0
    next_id: int = 1
    places: int = 0

    def take(self, record: Record, content: Content) -> None:
        """Let a job be as a record says; raises BadRecord where that cannot be."""
        numbers = record.numbers
        self.next_id = max(self.next_id, numbers.id + 1)
        known = self.jobs.get(numbers.id)
        if numbers.state == GONE:
            self._drop(numbers.id)
        elif known is None:
            if record.tube:  # else it was deleted, in a file that is gone itself
                known = Found(record.tube, numbers, content, record.body)
                self.jobs[numbers.id] = known
                self._line_up(known, 0)
        elif known.numbers.size != numbers.size:
            raise BadRecord("a job's body has two sizes", numbers.id)
        else:
            before, known.numbers = known.numbers.state, numbers
            self._line_up(known, before)

    def _drop(self, id: int) -> None:
        self.jobs.pop(id, None)
        if self.damages:
            self.gone.add(id)

    def _line_up(self, job: Found, before: int) -> None:
        """Give a job that was buried its place; a mere copy keeps it."""
        if job.numbers.state == BURIED != before:
            self.places += 1
            job.place = self.places

    def states(self) -> dict[str, int]:
        """Count the jobs by state."""
        counted = Counter(job.numbers.state for job in self.jobs.values())
        states = (READY, DELAYED, BURIED)
        return {STATE_NAMES[state].decode(): counted[state] for state in states}

    def tubes(self) -> dict[str, int]:
        """Count the jobs by tube."""
        return dict(Counter(job.tube.decode() for job in self.jobs.values()))

    def lost(self) -> list[int]:
        """List the jobs that were there, and of which no copy can be read."""
        named = {id for damage in self.damages for id in damage.ids}
        return sorted(named - self.gone - self.jobs.keys())

    def holes(self) -> list[int]:
        """List the jobs with a sector of zeros in their body: whether they were put so
        or lost it, nothing tells."""
        return sorted(id for id, job in self.jobs.items() if job.has_hole())


@contextlib.contextmanager
def opened(folder: Path, watch: Watch) -> Iterator[Binlog]:
    """Read a folder; bodies can be read until the block ends.

    Raises FlagError where it holds no binlog, LogBusy where beanstalkd runs on it, and
    LogError for a format that is not read here.
    """
    files = _files(folder)
    _check_unused(folder)
    found = Binlog(files=len(files))
    total = sum(path.stat().st_size for path in files.values())
    done = 0
    with contextlib.ExitStack() as stack:
        for number, path in files.items():
            if number - 1 not in files and number != min(files):
                reason = f"missing, though there is {path.name}"
                found.damages.append(Damage(f"binlog.{number - 1}", 0, reason))
            content = _map(path, stack)
            _read(found, path.name, content)
            done += len(content)
            watch(done, total)
        yield found


def binlogs(folder: Path) -> dict[int, Path]:
    """Give the files by number, in order."""
    found = {
        int(match[1]): each
        for each in folder.iterdir()
        if (match := FILE.fullmatch(each.name))
    }
    return dict(sorted(found.items()))


def _files(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        told = "this is no folder" if folder.exists() else "there is no such folder"
        raise FlagError(f"{folder}: {told}")
    found = binlogs(folder)
    if not found:
        raise FlagError(
            f"{folder}: no binlog of beanstalkd, there is no binlog.N in it"
        )
    return found


def _check_unused(folder: Path) -> None:
    """Refuse a folder that a beanstalkd has locked; asking needs no lock of ours."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        asked = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, *_, pid = FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    if kind != fcntl.F_UNLCK:
        hint = f"beanstalkd (pid {pid}) uses it: stop that first"
        raise LogBusy("read", str(folder), hint=hint)


def _map(path: Path, stack: contextlib.ExitStack) -> Content:
    file = stack.enter_context(path.open("rb"))
    if not path.stat().st_size:
        return b""  # nothing that could be mapped
    return stack.enter_context(
        contextlib.closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    )


# One file.


def _read(found: Binlog, name: str, content: Content) -> None:
    """Take over every record of a file up to its end or to what is no record."""
    if not content[:].strip(b"\0"):
        return  # prepared, and not begun
    form = _format(name, content)
    if form is None:
        reason = "it begins with no version of a binlog"
        found.damages.append(Damage(name, 0, reason, hidden=len(content)))
        return
    at = HEADER
    try:
        while (record := form.read(content, at)) is not None:
            found.take(record, content)
            at = record.end
        if content[at:].strip(b"\0"):
            raise BadRecord("zeros, and something behind them")
    except BadRecord as error:
        ids = {error.id} - {0} | set(form.ids_behind(content, at + 1))
        damage = Damage(name, at, str(error), tuple(sorted(ids)), len(content) - at)
        found.damages.append(damage)


def _format(name: str, content: Content) -> Format | None:
    """Tell the byte order by the version; None where there is none.

    Raises LogError for another version.
    """
    if len(content) < HEADER:
        return None
    for order in "<>":
        version = struct.unpack_from(order + "i", content)[0]
        if version == VERSION:
            return Format(order)
        if version == OLD_VERSION:
            raise LogError("read", name, hint=TOO_OLD)
    return None
