from penstock.core.counters cimport Counters
from penstock.core.heap cimport Heap
from penstock.core.index cimport Index
from penstock.core.job cimport BURIED, DELAYED, HELD, READY, RESERVED, Job
from penstock.core.matching cimport Matching
from penstock.core.session cimport Session
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Views:
    cdef Store store
    cdef Index index
    cdef Turn turn
    cdef Matching matching
    cdef Counters counters
    cdef public object surroundings

    cpdef void peek(self, Session session, unsigned long long id)
    cpdef void peek_first(self, Session session, unsigned int state)
    cdef void _found(self, Session session, Job job)
    cdef void _text(self, Session session, bytes content)
    cpdef void stats_job(self, Session session, unsigned long long id)
    cpdef void stats_tube(self, Session session, bytes name)
    cpdef void stats(self, Session session)
    cpdef void list_tubes(self, Session session)
    cpdef void list_tubes_watched(self, Session session)
