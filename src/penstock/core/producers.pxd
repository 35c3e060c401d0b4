from penstock.core.counters cimport Counters
from penstock.core.index cimport Index
from penstock.core.kinds cimport SET
from penstock.core.matching cimport Matching
from penstock.core.policy cimport ADMITTED, DRAINING, FULL, Policy
from penstock.core.rules cimport Rules
from penstock.core.session cimport Session
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Producers:
    cdef Store store
    cdef Index index
    cdef Turn turn
    cdef Matching matching
    cdef Policy policy
    cdef Counters counters

    cpdef void mark(self, Session session)
    cpdef void burn_id(self)
    cpdef void put(self, Session session, unsigned int pri, unsigned long long delay, unsigned long long ttr, bytes attributes, bytes body)
    cpdef unsigned long long default_ttr(self, Session session)
    cdef bint _has_twin(self, Session session, Tube tube, bytes attributes)
    cdef void _say_exists(self, Session session, unsigned long long id)
    cdef void _refuse(self, Session session, unsigned int verdict)
