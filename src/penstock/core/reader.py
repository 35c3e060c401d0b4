"""Reading events back: fixed fields and attributes, checked at each step."""

import cython

from penstock.errors import FormatError, NewerFormat

if not cython.compiled:
    from penstock.core.kinds import (
        FIRST_JOB_TAG,
        FIRST_SKIPPABLE,
        LAST_JOB_TAG,
        TAG_BODY,
        TAG_KEY,
        TAG_NOTE,
        TAG_REASON,
        TAG_TOKEN,
        TAG_VALUE,
    )


@cython.final
@cython.cclass
class Reader:
    """`next` moves to an event; then the fields are read in the order of writing.

    After `attributes`, `body`, `token`, `reason`, `key` and `value` are those of the
    event, None where it has none, and `kept` are the tags that belong to the job.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0
        self.end = len(content)
        self.event_end = 0
        self.kind = 0
        self._forget()

    @cython.cfunc
    def _forget(self) -> cython.void:
        self.body: bytes | None = None
        self.token: bytes | None = None
        self.reason: bytes | None = None
        self.key: bytes | None = None
        self.value: bytes | None = None
        self.kept = b""
        self.notes: dict[bytes, bytes] = {}

    @cython.ccall
    def next(self) -> cython.bint:
        """Move to the next event; tell whether there was one."""
        self.at = self.event_end
        if self.at == self.end:
            return False
        self.event_end = self.end
        self.kind = self.u8()
        length: cython.Py_ssize_t = self.u32()
        if length > self.end - self.at:
            raise FormatError(f"an event of kind {self.kind} is cut short")
        self.event_end = self.at + length
        return True

    @cython.cfunc
    def _take(self, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        at: cython.Py_ssize_t = self.at
        if count > self.event_end - at:
            raise FormatError(f"an event of kind {self.kind} is too short")
        self.at = at + count
        return at

    @cython.ccall
    def u8(self) -> cython.uint:
        """Read one byte."""
        return self.content[self._take(1)]

    @cython.ccall
    def u32(self) -> cython.ulonglong:
        """Read four bytes, least first."""
        at: cython.Py_ssize_t = self._take(4)
        value: cython.ulonglong = 0
        i: cython.Py_ssize_t
        for i in range(4):
            value = value * 256 + self.content[at + 3 - i]
        return value

    @cython.ccall
    def u64(self) -> cython.ulonglong:
        """Read eight bytes, least first."""
        low: cython.ulonglong = self.u32()
        return low + (self.u32() << 32)

    @cython.ccall
    def take(self, count: cython.Py_ssize_t) -> bytes:
        """Read that many bytes."""
        at: cython.Py_ssize_t = self._take(count)
        return self.content[at : at + count]

    @cython.ccall
    def string(self) -> bytes:
        """Read a short string."""
        return self.take(self.u8())

    @cython.ccall
    def rest(self) -> cython.Py_ssize_t:
        """Count the bytes of this event that are still to be read."""
        return self.event_end - self.at

    @cython.ccall
    def attributes(self) -> cython.void:
        """Read what follows the fixed fields."""
        self._forget()
        start: cython.Py_ssize_t
        tag: cython.uint
        content: bytes
        while self.at < self.event_end:
            start = self.at
            tag = self.u8()
            content = self.take(self.u32())
            if tag >= FIRST_SKIPPABLE or FIRST_JOB_TAG <= tag <= LAST_JOB_TAG:
                self.kept += self.content[start : self.at]
            else:
                self._known(tag, content)

    @cython.cfunc
    def _known(self, tag: cython.uint, content: bytes) -> cython.void:
        if tag == TAG_BODY:
            self.body = content
        elif tag == TAG_TOKEN:
            self.token = content
        elif tag == TAG_REASON:
            self.reason = content
        elif tag == TAG_KEY:
            self.key = content
        elif tag == TAG_VALUE:
            self.value = content
        elif tag == TAG_NOTE:
            size: cython.Py_ssize_t = content[0] + 1 if content else 1
            self.notes[content[1:size]] = content[size:]
        else:
            raise NewerFormat(f"attribute {tag} is of a later release")
