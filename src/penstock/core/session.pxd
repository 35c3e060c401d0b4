from penstock.core.extra cimport Extra
from penstock.core.outbox cimport Outbox
from penstock.core.tube cimport Tube

cpdef enum:
    MAY_PUT = 1
    MAY_TAKE = 2
    MAY_INSPECT = 4
    MAY_ADMINISTER = 8
    MAY_ALL = 15


cdef class Session


cdef class Reservation:
    cdef readonly unsigned long long id
    cdef readonly Session session
    cdef readonly bytes token
    cdef Reservation previous
    cdef Reservation next


cdef class Session:
    cdef readonly unsigned long long number
    cdef public unsigned int rights
    cdef readonly Tube used
    cdef readonly list watched
    cdef Reservation first
    cdef Reservation last
    cdef readonly unsigned long long soon
    cdef public bytes lease
    cdef readonly bint waiting
    cdef unsigned long long wait_order
    cdef unsigned long long wait_until
    cdef readonly bint producer
    cdef readonly bint worker
    cdef public bint announces
    cdef readonly bint quitting
    cdef readonly bint closed
    cdef public object link
    cdef bint queued
    cdef bint held
    cdef readonly Outbox outbox
    cdef Py_ssize_t flight
    cdef unsigned long long flight_barrier
    cdef unsigned long long barrier

    cdef Py_ssize_t feed(self, unsigned char* data, Py_ssize_t start, Py_ssize_t end)
    cpdef bint is_runnable(self)
    cpdef bint may_go_on(self)
    cpdef Py_ssize_t wanted(self)
    cpdef void hold(self, Reservation reservation)
    cpdef void let_go(self, Reservation reservation)
    cpdef bint holds(self, Reservation reservation)
    cpdef void raise_barrier(self, unsigned long long barrier, unsigned long long durable)
    cpdef Py_ssize_t sendable(self, unsigned long long durable)
    cpdef void sent(self, Py_ssize_t count)
    cpdef void say_inserted(self, unsigned long long id)
    cpdef void say_exists(self, unsigned long long id)
    cpdef void say_reserved(self, unsigned long long id, bytes body, Extra extra)
    cpdef void say_batch(self, unsigned long long count)
    cpdef void say_found(self, unsigned long long id, bytes body, Extra extra)
    cpdef void say_deleted(self)
    cpdef void say_released(self)
    cpdef void say_buried(self)
    cpdef void say_touched(self)
    cpdef void say_kicked(self, unsigned long long count)
    cpdef void say_kicked_job(self)
    cpdef void say_paused(self)
    cpdef void say_not_found(self)
    cpdef void say_timed_out(self)
    cpdef void say_deadline_soon(self)
    cpdef void say_using(self, bytes name)
    cpdef void say_watching(self, unsigned long long count)
    cpdef void say_not_ignored(self)
    cpdef void say_draining(self)
    cpdef void say_out_of_memory(self)
    cpdef void say_text(self, bytes content)
