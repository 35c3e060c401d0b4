from penstock.core.heap cimport Heap
from penstock.core.index cimport SLACK
from penstock.core.job cimport READY, Job
from penstock.core.session cimport Session
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn

cdef extern from *:
    const unsigned long long NEVER "0xFFFFFFFFFFFFFFFFull"


cdef class Matching:
    cdef Store store
    cdef Turn turn
    cdef readonly dict sessions
    cdef Heap waits
    cdef readonly unsigned long long waiting
    cdef unsigned long long order

    cpdef Job best(self, Session session)
    cpdef void give(self, Session session, Job job)
    cpdef void wait(self, Session session, unsigned long long until)
    cpdef void stop_waiting(self, Session session)
    cdef Session _live(self, Heap heap, Py_ssize_t at)
    cdef void _sweep(self, Heap heap, unsigned long long live)
    cdef Session _first(self, Heap heap)
    cpdef void serve(self, Tube tube)
    cdef void _give_first(self, Tube tube, Job job)
    cpdef void serve_ripe(self)
    cdef void _push_head(self, Heap heads, Tube tube)
    cpdef void warn(self)
    cpdef void time_out(self, unsigned long long now)
    cpdef unsigned long long next(self)
