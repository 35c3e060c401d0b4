"""Clearing tubes: a million jobs are gone at once and freed little by little.

A clear detaches the heaps of the states it means. Until their entries are freed, a
lookup by id compares a job with the clear; jobs that enter such a state later are noted
as fresh and are not meant.
"""

import cython

from penstock.core.heap import Heap
from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.tube import Clearing, Tube

if not cython.compiled:
    from penstock.core.job import BURIED, DELAYED, HELD, READY


@cython.final
@cython.cclass
class Clearings:
    """The tubes that still have something to free."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.tubes: list[Tube] = []

    def __len__(self) -> int:
        return len(self.tubes)

    @cython.ccall
    def begin(
        self, tube: Tube, states: cython.uint, up_to: cython.ulonglong
    ) -> cython.void:
        """Take all jobs of those states, a set of bits, out of a tube."""
        state: cython.uint
        clearing: Clearing = Clearing(states, up_to)
        while tube.clearing is not None:
            self._free_from(tube, tube.clearing.size())
        for state in (READY, DELAYED, BURIED, HELD):
            if (states >> state) & 1:
                self.index.empty(tube, state, clearing)
        tube.clearing = clearing
        self.tubes.append(tube)

    @cython.ccall
    def free(self, most: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Look at up to `most` entries; tell how many more it could have."""
        while most > 0 and self.tubes:
            tube: Tube = self.tubes[0]
            most = self._free_from(tube, most)
        return most

    @cython.cfunc
    def _free_from(self, tube: Tube, most: cython.Py_ssize_t) -> cython.Py_ssize_t:
        heaps: list[Heap] = cython.cast(Clearing, tube.clearing).heaps
        while heaps and (most > 0 or not heaps[0]):
            heap: Heap = heaps[0]
            if heap.size:
                self._free_top(tube, heap)
                most -= 1
            else:
                heaps.pop(0)
        if not heaps:
            tube.clearing = None
            self.tubes.remove(tube)
        return most

    @cython.cfunc
    def _free_top(self, tube: Tube, heap: Heap) -> cython.void:
        job: Job | None = self.index.jobs.find(heap.id(0))
        heap.pop()
        if job is not None and job.tube is tube and self.index.is_cleared(job):
            self.index.dismiss(job)
