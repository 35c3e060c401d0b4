from penstock.core.heap cimport Heap
from penstock.core.rules cimport Rules


cdef class Clearing:
    cdef readonly unsigned int states
    cdef readonly unsigned long long up_to
    cdef readonly set fresh
    cdef readonly list heaps

    cpdef Py_ssize_t size(self)


cdef class Tube:
    cdef readonly bytes name
    cdef readonly unsigned long long number
    cdef list heaps
    cdef unsigned long long counts[6]
    cdef readonly unsigned long long urgent
    cdef readonly unsigned long long body_bytes
    cdef unsigned long long wake_at
    cdef readonly unsigned long long pause
    cdef readonly unsigned long long pause_until
    cdef public unsigned int pause_home
    cdef readonly bytes policy
    cdef readonly Rules rules
    cdef Clearing clearing
    cdef Heap waiters
    cdef readonly unsigned long long waiting
    cdef readonly unsigned long long using
    cdef readonly unsigned long long watching
    cdef readonly unsigned long long total_jobs
    cdef readonly unsigned long long cmd_delete
    cdef readonly unsigned long long cmd_pause_tube

    cpdef unsigned long long count(self, unsigned int state) noexcept
    cpdef unsigned long long job_count(self) noexcept
    cpdef void note_put(self) noexcept
    cpdef void note_delete(self) noexcept
    cpdef Heap line(self)
    cpdef Heap heap(self, unsigned int state)
