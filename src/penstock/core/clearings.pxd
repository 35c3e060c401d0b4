from penstock.core.heap cimport Heap
from penstock.core.index cimport Index
from penstock.core.job cimport BURIED, DELAYED, HELD, READY, Job
from penstock.core.tube cimport Clearing, Tube


cdef class Clearings:
    cdef Index index
    cdef readonly list tubes

    cpdef void begin(self, Tube tube, unsigned int states, unsigned long long up_to)
    cpdef Py_ssize_t free(self, Py_ssize_t most)
    cdef Py_ssize_t _free_from(self, Tube tube, Py_ssize_t most)
    cdef void _free_top(self, Tube tube, Heap heap)
