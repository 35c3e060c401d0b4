from penstock.core.events cimport Batch
from penstock.core.session cimport Session


cdef class Turn:
    cdef public unsigned long long now
    cdef readonly Batch batch
    cdef readonly unsigned long long barrier
    cdef public unsigned long long durable
    cdef public Session running
    cdef readonly list spoken
    cdef list ripe
    cdef list warned

    cpdef void show(self, Session session)
    cpdef void speak(self, Session session)
