"""The rare part of a job: what few jobs have, behind one pointer."""

import cython


@cython.final
@cython.cclass
class Extra:
    """`attributes` are encoded as in a PUT event and kept byte for byte, so that those
    of a newer release survive; `notes` are bytes by namespace."""

    def __init__(self) -> None:
        self.attributes = b""
        self.hold_reason = b""
        self.notes: dict[bytes, bytes] = {}

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
