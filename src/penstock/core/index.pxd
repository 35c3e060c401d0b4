from penstock.core.claims cimport Claims
from penstock.core.heap cimport Heap
from penstock.core.job cimport DELAYED, HELD, READY, RESERVED, Job, weight
from penstock.core.session cimport Reservation, Session
from penstock.core.table cimport Table
from penstock.core.tube cimport Clearing, Tube

cpdef enum:
    MARGIN = 1_000_000_000
    URGENT = 1024
    SLACK = 32


cdef class Index:
    cdef readonly Table jobs
    cdef readonly Claims claims
    cdef readonly dict tubes
    cdef readonly dict numbered
    cdef readonly Heap deadlines
    cdef readonly Heap delays
    cdef readonly Heap pauses
    cdef unsigned long long next_tube
    cdef unsigned long long counts[6]
    cdef readonly unsigned long long urgent
    cdef readonly unsigned long long body_bytes
    cdef public unsigned long long live_bytes

    cpdef Job find(self, unsigned long long id)
    cpdef bint is_cleared(self, Job job)
    cpdef unsigned long long count(self, unsigned int state) noexcept
    cpdef void admit(self, Job job)
    cpdef void dismiss(self, Job job)
    cpdef Tube tube(self, bytes name)
    cpdef bint is_unused(self, Tube tube)
    cpdef void drop_tube(self, Tube tube)
    cpdef void wake_tube_at(self, Tube tube, unsigned long long due)
    cpdef void pause_tube(self, Tube tube, unsigned long long length, unsigned long long until)
    cdef void _sweep_tubes(self, Heap heap)
    cdef unsigned long long _key(self, Job job) noexcept
    cdef Job _live(self, Heap heap, Py_ssize_t at, unsigned int state)
    cpdef Job top(self, Tube tube, unsigned int state)
    cpdef Job first_deadline(self)
    cpdef void enter(self, Job job, unsigned int state, unsigned long long due)
    cpdef void leave(self, Job job)
    cdef bint _is_stale(self, Heap heap, unsigned long long live) noexcept
    cdef void _sweep(self, Heap heap, Tube tube, unsigned int state)
    cpdef void empty(self, Tube tube, unsigned int state, Clearing clearing)
    cpdef Reservation holder(self, Job job)
    cpdef void arm(self, Job job)
    cpdef void warn(self, Job job, Session session)
    cpdef void disarm(self, Job job)
    cdef void _let_go(self, Job job)
