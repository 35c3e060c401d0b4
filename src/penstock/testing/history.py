"""What was asked of a server and what it answered, kept where a crash cannot reach it.

A history is a file of JSON lines that is only ever added to. Its lines are

    {"life": 3, "at": ..., "wall": ..., "boot": "...", "seed": ..., "address": "..."}
    {"open": 7, "at": ...}                          a connection
    {"call": 41, "on": 7, "at": ..., "verb": "release", "id": 12, "pri": 5, "delay": 1}
    {"reply": 41, "at": ..., "words": ["RELEASED"]}
    {"half": 7, "at": ...}                          it says no more
    {"end": 7, "at": ..., "by": "us"}               or by the server
    {"drained": true, "at": ...}                    nothing was left to reserve

A call is written before its bytes are sent, a reply once it has been read. A call
without a reply is one of which nobody knows whether it happened. A life is one run of
the server: when a line tells of the next one, the last has ended. `at` is
CLOCK_BOOTTIME in nanoseconds, `wall` and `boot` relate it to other machines and boots.
Bodies are kept as their size and digest. What a reader makes of it:

    history = read_history(path)
    for operation in history.operations: ...
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

BOOT = Path("/proc/sys/kernel/random/boot_id")
FAR = 1 << 63  # later than any moment

# What a call may tell besides its verb.
ARGUMENTS = (
    "id",
    "tube",
    "tubes",
    "pri",
    "delay",
    "ttr",
    "bound",
    "seconds",
    "size",
    "digest",
)

# Answers whose second word is a job's id, where they have one.
NAMING = frozenset(("INSERTED", "BURIED", "RESERVED", "FOUND"))


class HistoryError(Exception):
    """A history holds what no recorder writes."""


def moment() -> int:
    """Nanoseconds that go on while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def digest(body: bytes) -> str:
    """Tell a body from every other."""
    return blake2b(body, digest_size=12).hexdigest()


@dataclass(slots=True)
class Operation:
    """One command, and its answer if there was one.

    `size` and `digest` are of the body that a put brought, or that came back; `id` is
    the job that was asked about, or that the answer named. `words` is the answer's
    line, `fields` what statistics told. `answered` is FAR without an answer.
    """

    number: int
    connection: int
    life: int
    verb: str
    called: int
    id: int = 0
    tube: str = ""
    tubes: tuple[str, ...] = ()
    pri: int = 0
    delay: int = 0
    ttr: int = 0
    bound: int = 0
    seconds: int = 0
    size: int = -1
    digest: str = ""
    answered: int = FAR
    words: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """The answer's first word, or nothing."""
        return self.words[0] if self.words else ""

    def __str__(self) -> str:
        asked = [self.verb, *([str(self.id)] if self.id else [])]
        answer = " ".join(self.words) or "no reply"
        return f"{' '.join(asked)} -> {answer} (#{self.number}, life {self.life})"


@dataclass(slots=True)
class Life:
    """One run of the server; `began` is when the recorder first tried to reach it."""

    number: int
    began: int
    drained: int = FAR


@dataclass(slots=True)
class Ending:
    """When a connection ended: not before `earliest`, seen at `seen`."""

    life: int
    earliest: int
    seen: int


@dataclass(slots=True)
class History:
    """Everything of one file, or of several; operations in the order of their calls."""

    operations: list[Operation] = field(default_factory=list)
    lives: dict[int, Life] = field(default_factory=dict)
    endings: dict[int, Ending] = field(default_factory=dict)

    def sort(self) -> None:
        """Put operations in order: of two lives, the earlier comes first, whatever the
        clocks say."""
        self.operations.sort(key=lambda o: (o.life, o.called, o.number))


class HistoryWriter:
    """Adds to a history. Nothing is in the file until `commit`; what is committed is
    on the disk within `sync` nanoseconds, and with 0 before `commit` returns."""

    def __init__(self, path: Path, sync: int = 20_000_000) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._lines: list[str] = []
        self._sync = sync
        self._synced = 0
        self._end_torn_line()

    def _end_torn_line(self) -> None:
        """A recorder that was killed may have left half a line."""
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def _add(self, line: dict[str, object]) -> None:
        self._lines.append(json.dumps(line, separators=(",", ":")) + "\n")

    def life(self, number: int, **about: object) -> None:
        """A server is expected to run, and what ran before has ended."""
        wall, boot = time.time_ns(), BOOT.read_text().strip()
        line = {"life": number, "at": moment(), "wall": wall, "boot": boot}
        self._add({**line, **about})

    def opened(self, connection: int) -> None:
        """A connection is there."""
        self._add({"open": connection, "at": moment()})

    def half_closed(self, connection: int) -> None:
        """A connection says no more, and may be over for the server from now on."""
        self._add({"half": connection, "at": moment()})

    def ended(self, connection: int, by: str) -> None:
        """A connection ends: by us before it is closed, by the server once seen."""
        self._add({"end": connection, "at": moment(), "by": by})

    def call(self, operation: Operation) -> None:
        """A command is about to be sent."""
        line: dict[str, object] = {
            "call": operation.number,
            "on": operation.connection,
            "at": operation.called,
            "verb": operation.verb,
        }
        for name in ARGUMENTS:
            value = getattr(operation, name)
            if value or (name == "size" and value == 0):
                line[name] = value
        if operation.size < 0:
            line.pop("size", None)
        self._add(line)

    def reply(self, operation: Operation) -> None:
        """A command was answered."""
        line: dict[str, object] = {
            "reply": operation.number,
            "at": operation.answered,
            "words": operation.words,
        }
        if operation.fields:
            line["fields"] = operation.fields
        if operation.words[0] in ("RESERVED", "FOUND"):
            line["size"], line["digest"] = operation.size, operation.digest
        self._add(line)

    def drained(self) -> None:
        """Everything was reserved and deleted; nothing is left."""
        self._add({"drained": True, "at": moment()})

    def commit(self) -> None:
        """Hand the lines over to the system, and to the disk when it is time."""
        if self._lines:
            content = "".join(self._lines).encode()
            self._lines.clear()
            while content:
                content = content[os.write(self._file, content) :]
        if time.monotonic_ns() - self._synced >= self._sync:
            os.fdatasync(self._file)
            self._synced = time.monotonic_ns()

    def close(self) -> None:
        """Leave everything on the disk."""
        self._synced = -FAR
        self.commit()
        os.close(self._file)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Give the lines; one may be torn where its recorder ended."""
    torn = 0
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError:
                if torn:
                    raise HistoryError(f"{path}:{torn} is no line") from None
                torn = number
                continue
            if torn and "life" not in line:
                raise HistoryError(f"{path}:{torn} is no line")
            torn = 0
            yield line


class _Reader:
    """Puts lines together to operations."""

    def __init__(self, offset: int) -> None:
        self.history = History()
        self._offset = offset  # added to connections and numbers
        self._open: dict[int, Operation] = {}
        self._heard: dict[int, int] = {}  # connection -> when it was last heard of
        self._half_closed: dict[int, int] = {}
        self._clocks: dict[str, int] = {}  # boot -> wall less at
        self._clock = 0
        self._life = Life(0, 0)

    def take(self, line: dict[str, Any]) -> None:
        """Take the next line."""
        if "life" in line:
            clock = self._clocks.setdefault(line["boot"], line["wall"] - line["at"])
            self._clock = clock
        at = line["at"] + self._clock
        if "call" in line:
            self._call(line, at)
        elif "reply" in line:
            self._reply(line, at)
        elif "life" in line:
            # Two recorders, or one that was started again, may tell of one life.
            self._life = Life(line["life"], at)
            self._life = self.history.lives.setdefault(line["life"], self._life)
        elif "open" in line:
            self._heard[line["open"] + self._offset] = at
        elif "half" in line:
            self._half_closed[line["half"] + self._offset] = at
        elif "end" in line:
            self._end(line["end"] + self._offset, at, line["by"])
        elif "drained" in line:
            self._life.drained = at

    def _call(self, line: dict[str, Any], at: int) -> None:
        operation = Operation(
            line["call"] + self._offset,
            line["on"] + self._offset,
            self._life.number,
            line["verb"],
            at,
        )
        for name in ARGUMENTS:
            if name in line:
                setattr(operation, name, line[name])
        operation.tubes = tuple(operation.tubes)
        self._open[line["call"]] = operation
        self.history.operations.append(operation)

    def _reply(self, line: dict[str, Any], at: int) -> None:
        operation = self._open.pop(line["reply"])
        operation.answered = at
        operation.words = tuple(line["words"])
        operation.fields = line.get("fields", operation.fields)
        operation.size = line.get("size", operation.size)
        operation.digest = line.get("digest", operation.digest)
        if len(operation.words) > 1 and operation.answer != "KICKED":
            operation.id = (
                int(operation.words[1]) if not operation.fields else (operation.id)
            )
        self._heard[operation.connection] = at

    def _end(self, connection: int, at: int, by: str) -> None:
        heard = self._heard.get(connection, self._life.began)
        # Half-closed, it has ended for the server before all that was said is heard.
        earliest = at if by == "us" else self._half_closed.get(connection, heard)
        ending = Ending(self._life.number, earliest, at)
        self.history.endings[connection] = ending


def read_history(*paths: Path) -> History:
    """Read one history, or several of the same server as one."""
    whole = History()
    for index, path in enumerate(paths):
        reader = _Reader(index << 40)
        for line in _lines(path):
            reader.take(line)
        whole.operations += reader.history.operations
        whole.endings |= reader.history.endings
        for life in reader.history.lives.values():
            known = whole.lives.setdefault(life.number, life)
            known.began = min(known.began, life.began)
            known.drained = min(known.drained, life.drained)
    whole.sort()
    return whole
