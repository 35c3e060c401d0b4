"""One record of a beanstalkd binlog, format 7, as its releases 1.5 to 1.13 write it.

A record is the length of a tube's name, the name, the C structure `Jobrec`, and the
body with its CR LF. Where the length is 0, name and body are missing: such a record
says only how a job that was written before is now (file.c, `filewrjobfull`,
`filewrjobshort`).

There is no checksum. What can be checked is: names, states, sizes, and the CR LF behind
a body.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from penstock.core.job import BURIED, DELAYED, READY

Content = mmap.mmap | bytes  # a file's

LONGEST_NAME = 200
LARGEST_BODY = 1 << 30  # bytes; beanstalkd's own bound
MOST_ID = 1 << 52  # an id that is larger was no job's, and would leave none for ours
FIXED = 80  # bytes of a Jobrec
NAME = re.compile(rb"[A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]*")

# Jobrec's states, as ours; one that a worker had is ready after a start.
GONE = 0
STATES = {0: GONE, 1: READY, 2: READY, 3: BURIED, 4: DELAYED}


class BadRecord(Exception):  # noqa: N818  (what it is, not that it went wrong)
    """This is no record; `id` is the job's where that much can be read, else 0."""

    def __init__(self, reason: str, id: int = 0) -> None:
        super().__init__(reason)
        self.id = id


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a job was: nanoseconds, `created` and `deadline` by the wall clock."""

    id: int
    pri: int
    delay: int
    ttr: int
    size: int
    state: int
    created: int
    deadline: int
    reserves: int
    timeouts: int
    releases: int
    buries: int
    kicks: int


@dataclass(frozen=True, slots=True)
class Record:
    """What stands at a place; `body` is where a full one's body begins, `tube` empty in
    a short one. `end` is the place behind it."""

    tube: bytes
    numbers: Numbers
    body: int
    end: int


class Format:
    """Records as a machine of one byte order writes them."""

    def __init__(self, order: str) -> None:
        self._length = struct.Struct(order + "i")
        self._jobrec = struct.Struct(order + "QI4xqqi4xqq5IB3x")
        low, high = (b"[\x01-\xc8]\0\0\0", b"\0\0\0[\x01-\xc8]")
        self._begin = re.compile((low if order == "<" else high) + NAME.pattern)

    def read(self, content: Content, at: int) -> Record | None:
        """Read the record at a place; None where only zeros are left of a record.

        Raises BadRecord.
        """
        start = at + self._length.size
        if len(content) < start + FIXED:
            if content[at:].strip(b"\0"):
                raise BadRecord("a record is cut off")
            return None
        (length,) = self._length.unpack_from(content, at)
        if not 0 <= length <= LONGEST_NAME:
            raise BadRecord("no tube has so long a name")
        tube = bytes(content[start : start + length])
        if length and not NAME.fullmatch(tube):
            raise BadRecord("no tube has such a name")
        if not length and not content[at : start + FIXED].strip(b"\0"):
            return None
        numbers = self._numbers(content, start + length)
        body = start + length + FIXED
        if not length:
            return Record(b"", numbers, body, body)
        end = body + numbers.size + 2
        if content[end - 2 : end] != b"\r\n":
            raise BadRecord("a body does not end where it should", numbers.id)
        if numbers.state == GONE:
            raise BadRecord("a job that is gone has a body", numbers.id)
        return Record(tube, numbers, body, end)

    def _numbers(self, content: Content, at: int) -> Numbers:
        if len(content) < at + FIXED:
            raise BadRecord("a record is cut off")
        found = self._jobrec.unpack_from(content, at)
        id, pri, delay, ttr, size, *rest, state = found
        if not 0 < id <= MOST_ID:
            raise BadRecord("no job has such an id")
        if state not in STATES or delay < 0 or ttr < 0:
            raise BadRecord("no job is in such a state")
        if not 2 <= size <= LARGEST_BODY:
            raise BadRecord("no body has such a size", id)
        return Numbers(id, pri, delay, ttr, size - 2, STATES[state], *rest)

    def ids_behind(self, content: Content, at: int) -> Iterator[int]:
        """Give the ids of what look like whole jobs behind a place.

        Looks alone do not make a record: a body may hold anything.
        """
        for match in self._begin.finditer(content, at):
            try:
                found = self.read(content, match.start())
            except BadRecord:
                continue
            if found is not None:
                yield found.numbers.id
