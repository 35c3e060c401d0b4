from penstock.core.extra cimport Extra
from penstock.core.session cimport Reservation
from penstock.core.tube cimport Tube

cpdef enum:
    IMAGE = 77


cpdef enum:
    READY = 1
    RESERVED = 2
    DELAYED = 3
    BURIED = 4
    HELD = 5

    BY_NOTHING = 0
    BY_CLIENT = 1
    BY_TTR = 2
    BY_CLOSE = 3
    BY_KICK = 4
    BY_RESTART = 5
    BY_FREE = 6
    BY_POLICY = 7
    BY_EXPIRY = 8
    BY_TAKE = 9
    BY_FORWARD = 10


cdef extern from *:
    const unsigned int MOST_COUNTED "0xFFFFFFFFu"

cdef unsigned int bump(unsigned int counter) noexcept


cdef class Job:
    cdef readonly unsigned long long id
    cdef readonly Tube tube
    cdef readonly bytes body
    cdef readonly Extra extra
    cdef Job chain
    cdef readonly Reservation holder
    cdef readonly unsigned long long ttr
    cdef readonly unsigned long long delay
    cdef readonly unsigned long long due
    cdef readonly unsigned long long created
    cdef readonly unsigned int pri
    cdef public unsigned int home
    cdef readonly unsigned int reserves
    cdef readonly unsigned int timeouts
    cdef readonly unsigned int releases
    cdef readonly unsigned int buries
    cdef readonly unsigned int kicks
    cdef readonly unsigned char state
    cdef readonly unsigned char reason
    cdef unsigned char soon
    cdef unsigned char marked


cdef Py_ssize_t weight(Job job) except? -1
cdef Extra rare(Job job)
cdef void tidy(Job job)
