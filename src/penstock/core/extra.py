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
    def is_empty(self) -> cython.bint:
        """Tell whether a job can do without it."""
        return not (self.attributes or self.hold_reason or self.notes)
