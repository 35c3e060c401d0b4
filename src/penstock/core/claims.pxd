from penstock.core.extra cimport Extra
from penstock.core.heap cimport Heap
from penstock.core.job cimport Job
from penstock.core.kinds cimport UNTIL_RESERVED
from penstock.core.table cimport Table

cpdef enum:
    SLACK = 32


cdef class Claims:
    cdef Table jobs
    cdef readonly dict keys
    cdef readonly Heap expiries
    cdef readonly Py_ssize_t expiring

    cpdef void add(self, Job job)
    cpdef void drop(self, Job job)
    cpdef void reserved(self, Job job)
    cdef void _free(self, Job job, bytes dedup)
    cpdef unsigned long long holder(self, bytes tube, bytes dedup)
    cpdef Job first_expired(self, unsigned long long now)
    cdef Job _live(self, Py_ssize_t at)
    cdef void _sweep(self)


cdef bytes key_in(bytes tube, bytes dedup)
