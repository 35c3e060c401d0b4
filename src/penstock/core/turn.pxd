from penstock.core.events cimport Batch
from penstock.core.session cimport Session

cdef enum:
    MOST_COLLECTING = 8388608


cdef class Turn:
    cdef public unsigned long long now
    cdef readonly Batch batch
    cdef readonly unsigned long long barrier
    cdef public unsigned long long durable
    cdef public Session running
    cdef readonly list spoken
    cdef readonly list held
    cdef list ripe
    cdef list warned
    cdef list loosened

    cpdef void show(self, Session session)
    cpdef void speak(self, Session session)
    cpdef void hold(self, Session session)
    cpdef bint is_full(self) noexcept
