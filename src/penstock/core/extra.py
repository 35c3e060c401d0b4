"""The rare part of a job: what few jobs have, behind one pointer."""

import cython

from penstock.errors import FormatError

if not cython.compiled:
    from penstock.core.kinds import (
        JOB_DEDUP,
        JOB_EXPIRES,
        JOB_GROUP,
        JOB_LIMIT,
        UNTIL_RESERVED,
    )


@cython.final
@cython.cclass
class Extra:
    """`attributes` are encoded as in a PUT event and kept byte for byte, so that those
    of a newer release survive; `notes` are bytes by namespace.

    What the engine itself heeds is read out of the attributes: `expires` is a moment of
    engine time, 0 for never; `dedup` a key that no other job of the tube may have
    `until` the job is gone or reserved; `group` the key of what is limited together;
    `most_reserves` how often the job is given out, 0 for always, and `dead_letter` the
    tube that it goes to then.
    """

    def __init__(self) -> None:
        self.attributes = b""
        self.hold_reason = b""
        self.notes: dict[bytes, bytes] = {}
        self.expires = 0
        self.dedup: bytes | None = None
        self.until = 0
        self.group: bytes | None = None
        self.most_reserves = 0
        self.dead_letter: bytes | None = None

    @cython.ccall
    def size(self) -> cython.Py_ssize_t:
        """Count the bytes of its contents."""
        total: cython.Py_ssize_t = len(self.attributes) + len(self.hold_reason)
        for namespace in self.notes:
            total += len(namespace) + len(self.notes[namespace])
        return total

    @cython.ccall
    def is_empty(self) -> cython.bint:
        """Tell whether a job can do without it."""
        return not (self.attributes or self.hold_reason or self.notes)

    @cython.ccall
    def adopt(self, attributes: bytes) -> cython.void:
        """Have these attributes and no others. Raises FormatError for one of those that
        are heeded in another form than its own."""
        at: cython.Py_ssize_t = 0
        end: cython.Py_ssize_t
        self.attributes = attributes
        self.expires = self.until = self.most_reserves = 0
        self.dedup = self.group = self.dead_letter = None
        while at < len(attributes):
            end = at + 5 + _number(attributes[at + 1 : at + 5])
            if end > len(attributes):
                raise FormatError("the last attribute is cut short")
            self._heed(attributes[at], attributes[at + 5 : end])
            at = end

    def without(self, tag: int) -> bytes:
        """Give the attributes but for those of a tag."""
        kept = b""
        at = 0
        while at < len(self.attributes):
            end = at + 5 + _number(self.attributes[at + 1 : at + 5])
            if self.attributes[at] != tag:
                kept += self.attributes[at:end]
            at = end
        return kept

    @cython.cfunc
    def _heed(self, tag: cython.uint, content: bytes) -> cython.void:
        if tag == JOB_EXPIRES:
            if len(content) != 8:
                raise FormatError("an expiry takes eight bytes")
            self.expires = _number(content)
        elif tag == JOB_DEDUP:
            if len(content) < 2 or content[0] > UNTIL_RESERVED:
                raise FormatError("a dedup key follows one byte, 0 or 1")
            self.until = content[0]
            self.dedup = content[1:]
        elif tag == JOB_GROUP:
            self.group = content
        elif tag == JOB_LIMIT:
            if len(content) < 4:
                raise FormatError("a limit of reserves takes four bytes")
            self.most_reserves = _number(content[:4])
            self.dead_letter = content[4:] or None


@cython.cfunc
def _number(content: bytes) -> cython.ulonglong:
    """Read a number, least byte first."""
    value: cython.ulonglong = 0
    i: cython.Py_ssize_t
    for i in range(len(content) - 1, -1, -1):
        value = value * 256 + content[i]
    return value
