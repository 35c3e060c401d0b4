"""The id table: finds a job by its id at sixteen bytes a job or less.

Linear hashing (Litwin 1980): the table grows and shrinks by one slot at a time, so that
no single put pays for rehashing them all. Jobs in the same slot are chained through
`Job.chain`. Ids are handed out in ascending order and so are their own best hash.
"""

import cython

from penstock.core.job import Job

if not cython.compiled:
    LOAD = 2  # jobs for each slot
    SMALLEST = 8  # slots; a power of two


@cython.final
@cython.cclass
class Table:
    """Slot i holds the jobs whose id is i modulo `base`, or modulo twice that where
    the slot has been split already."""

    def __init__(self) -> None:
        self.slots: list[Job | None] = [None] * SMALLEST
        self.base = SMALLEST
        self.count = 0

    def __len__(self) -> int:
        return self.count

    @cython.cfunc
    @cython.exceptval(check=False)
    def _slot(self, id: cython.ulonglong) -> cython.Py_ssize_t:
        slot: cython.Py_ssize_t = id & (2 * self.base - 1)
        if slot >= len(self.slots):
            slot -= self.base
        return slot

    @cython.ccall
    def find(self, id: cython.ulonglong) -> Job | None:
        """Give the job of that id."""
        job: Job | None = self.slots[self._slot(id)]
        while job is not None and job.id != id:
            job = job.chain
        return job

    @cython.ccall
    def add(self, job: Job) -> cython.void:
        """Add a job whose id is not there yet."""
        slot: cython.Py_ssize_t = self._slot(job.id)
        job.chain = self.slots[slot]
        self.slots[slot] = job
        self.count += 1
        if self.count > LOAD * len(self.slots):
            self._split()

    @cython.ccall
    def remove(self, job: Job) -> cython.void:
        """Remove a job that is there."""
        slot: cython.Py_ssize_t = self._slot(job.id)
        other: Job = cython.cast(Job, self.slots[slot])
        if other is job:
            self.slots[slot] = job.chain
        else:
            while other.chain is not job:
                other = cython.cast(Job, other.chain)
            other.chain = job.chain
        job.chain = None
        self.count -= 1
        if 2 * self.count < len(self.slots) and len(self.slots) > SMALLEST:
            self._join()

    @cython.cfunc
    def _split(self) -> cython.void:
        """Share the next unsplit slot's jobs with a new last slot."""
        job: Job | None = self.slots[len(self.slots) - self.base]
        self.slots[len(self.slots) - self.base] = None
        self.slots.append(None)
        if len(self.slots) == 2 * self.base:
            self.base *= 2
        self._chain(job)

    @cython.cfunc
    def _join(self) -> cython.void:
        """Give the last slot's jobs back to the slot they were split from."""
        job: Job | None = self.slots.pop()
        if len(self.slots) < self.base:
            self.base //= 2
        self._chain(job)

    @cython.cfunc
    def _chain(self, job: Job | None) -> cython.void:
        rest: Job | None
        slot: cython.Py_ssize_t
        while job is not None:
            rest = job.chain
            slot = self._slot(job.id)
            job.chain = self.slots[slot]
            self.slots[slot] = job
            job = rest

    def ids(self) -> list[int]:
        """List every id, ascending."""
        found: list[int] = []
        job: Job | None
        for first in self.slots:
            job = first
            while job is not None:
                found.append(job.id)
                job = job.chain
        found.sort()
        return found
