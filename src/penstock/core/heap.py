"""A binary heap of (key, id) values, sixteen bytes an entry.

The least key is on top; equal keys come out by id. Nothing is searched for: an entry
whose owner has moved on is stale, is recognised when it reaches the top, and the owner
of the heap rebuilds it when stale entries outnumber live ones.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import free, realloc

if not cython.compiled:
    SMALLEST = 4


@cython.final
@cython.cclass
class Heap:
    """Entries lie in one block: key, id, key, id."""

    def __init__(self) -> None:
        self.size = 0
        self.capacity = 0
        if not cython.compiled:
            self.cells = [0] * 0

    def __dealloc__(self) -> None:
        if cython.compiled:
            free(self.cells)

    def __len__(self) -> int:
        return self.size

    @cython.cfunc
    def _resize(self, capacity: cython.Py_ssize_t) -> cython.void:
        if cython.compiled:
            cells: cython.p_ulonglong = cython.cast(
                cython.p_ulonglong, realloc(self.cells, capacity * 16)
            )
            if cells is cython.NULL:
                raise MemoryError
            self.cells = cells
        elif capacity > self.capacity:
            self.cells.extend([0] * (2 * (capacity - self.capacity)))
        else:
            del self.cells[2 * capacity :]
        self.capacity = capacity

    @cython.ccall
    @cython.exceptval(check=False)
    def key(self, at: cython.Py_ssize_t) -> cython.ulonglong:
        """Give the key of an entry; entry 0 is the top."""
        return self.cells[2 * at]

    @cython.ccall
    @cython.exceptval(check=False)
    def id(self, at: cython.Py_ssize_t) -> cython.ulonglong:
        """Give the id of an entry; entry 0 is the top."""
        return self.cells[2 * at + 1]

    @cython.cfunc
    @cython.exceptval(check=False)
    def _place(
        self,
        at: cython.Py_ssize_t,
        key: cython.ulonglong,
        id: cython.ulonglong,
    ) -> cython.void:
        self.cells[2 * at] = key
        self.cells[2 * at + 1] = id

    @cython.cfunc
    @cython.exceptval(check=False)
    def _before(
        self,
        at: cython.Py_ssize_t,
        key: cython.ulonglong,
        id: cython.ulonglong,
    ) -> cython.bint:
        other: cython.ulonglong = self.cells[2 * at]
        return other < key or (other == key and self.cells[2 * at + 1] < id)

    @cython.ccall
    def push(self, key: cython.ulonglong, id: cython.ulonglong) -> cython.void:
        """Add an entry."""
        if self.size == self.capacity:
            self._resize(max(SMALLEST, self.capacity + self.capacity // 2))
        at: cython.Py_ssize_t = self.size
        parent: cython.Py_ssize_t
        self.size += 1
        while at:
            parent = (at - 1) >> 1
            if self._before(parent, key, id):
                break
            self._place(at, self.cells[2 * parent], self.cells[2 * parent + 1])
            at = parent
        self._place(at, key, id)

    @cython.ccall
    def pop(self) -> cython.void:
        """Remove the top; the heap must not be empty."""
        self.size -= 1
        if self.size:
            self._sink(0, self.key(self.size), self.id(self.size))
        if self.capacity > 64 and self.size < self.capacity // 4:
            self._resize(self.capacity // 2)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _sink(
        self,
        at: cython.Py_ssize_t,
        key: cython.ulonglong,
        id: cython.ulonglong,
    ) -> cython.void:
        child: cython.Py_ssize_t
        while True:
            child = 2 * at + 1
            if child >= self.size:
                break
            if child + 1 < self.size and self._before(
                child + 1, self.cells[2 * child], self.cells[2 * child + 1]
            ):
                child += 1
            if not self._before(child, key, id):
                break
            self._place(at, self.cells[2 * child], self.cells[2 * child + 1])
            at = child
        self._place(at, key, id)

    @cython.ccall
    @cython.exceptval(check=False)
    def keep(self, to: cython.Py_ssize_t, at: cython.Py_ssize_t) -> cython.void:
        """Move an entry to an earlier place, while rebuilding."""
        self._place(to, self.key(at), self.id(at))

    @cython.ccall
    def rebuild(self, size: cython.Py_ssize_t) -> cython.void:
        """Make a heap of the first `size` entries and forget the others."""
        self.size = size
        at: cython.Py_ssize_t = size >> 1
        while at:
            at -= 1
            self._sink(at, self.key(at), self.id(at))
        if self.capacity > 64 and size < self.capacity // 4:
            self._resize(self.capacity // 2)
