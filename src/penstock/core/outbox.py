"""Replies on their way out: one buffer, and among its bytes large bodies by reference.

A body of a megabyte is sent from where it lies: it is neither copied nor does it make
the outbox grow. Small ones are copied, which is cheaper than sending pieces.
"""

import cython

from penstock.core.buffer import Buffer

if not cython.compiled:
    BY_REFERENCE = 16 * 1024  # bytes; smaller bodies are copied


@cython.final
@cython.cclass
class Outbox:
    """`places` tells for each of the `large` ones how many of the buffer's bytes, those
    that have `left` included, go before it; `front` bytes of the first are sent."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        self.large: list[bytes] = []
        self.places: list[int] = []
        self.large_size = 0
        self.left = 0
        self.front = 0

    def __len__(self) -> int:
        return self.size()

    def __bytes__(self) -> bytes:
        content, at, pieces = bytes(self.buffer), 0, []
        for place, body in zip(self.places, self.large, strict=True):
            pieces += [content[at : place - self.left], body]
            at = place - self.left
        pieces.append(content[at:])
        return b"".join(pieces)[self.front :] if self.front else b"".join(pieces)

    @cython.ccall
    @cython.exceptval(check=False)
    def size(self) -> cython.Py_ssize_t:
        """Count the bytes that have not been sent."""
        return self.buffer.end - self.buffer.start + self.large_size

    @cython.ccall
    def add(self, content: bytes) -> cython.void:
        """Append bytes."""
        self.buffer.add(content)

    @cython.ccall
    def add_decimal(self, value: cython.ulonglong) -> cython.void:
        """Append a number in decimal digits."""
        self.buffer.add_decimal(value)

    @cython.ccall
    def add_body(self, body: bytes) -> cython.void:
        """Append a body; a large one by reference."""
        if len(body) < BY_REFERENCE:
            self.buffer.add(body)
            return
        self.large.append(body)
        self.places.append(self.left + self.buffer.end - self.buffer.start)
        self.large_size += len(body)

    @cython.ccall
    def drop(self, count: cython.Py_ssize_t) -> cython.void:
        """Forget the first `count` bytes: they have been sent."""
        step: cython.Py_ssize_t
        while count and self.large:
            step = min(count, self._before_large())
            if step:
                self._drop_small(step)
            else:
                step = self._drop_large(count)
            count -= step
        self._drop_small(count)

    @cython.cfunc
    def _before_large(self) -> cython.Py_ssize_t:
        place: cython.ulonglong = self.places[0]
        return place - self.left

    @cython.cfunc
    def _drop_small(self, count: cython.Py_ssize_t) -> cython.void:
        self.left += count
        self.buffer.drop(count)

    @cython.cfunc
    def _drop_large(self, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        body: bytes = self.large[0]
        step: cython.Py_ssize_t = min(count, len(body) - self.front)
        self.front += step
        self.large_size -= step
        if self.front == len(body):
            self.large.pop(0)
            self.places.pop(0)
            self.front = 0
        return step
