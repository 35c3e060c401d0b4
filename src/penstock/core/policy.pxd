from penstock.core.extra cimport Extra
from penstock.core.kinds cimport JOB_EXPIRES
from penstock.core.rules cimport Rules
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube

cpdef enum:
    ADMITTED = 0
    DRAINING = 1
    FULL = 2


cpdef enum:
    OVERHEAD = 200


cdef extern from *:
    const long long NO_BOUND "(1LL << 62)"


cdef class Policy:
    cdef Store store
    cdef public bint draining
    cdef public unsigned long long most_bytes
    cdef public Py_ssize_t max_job_size
    cdef public long long room

    cpdef unsigned int admits(self, Py_ssize_t size)
    cpdef unsigned int verdict(self, Py_ssize_t size)
    cpdef void charge(self, Py_ssize_t size)
    cpdef unsigned int admits_into(self, Tube tube, Py_ssize_t size, unsigned long long jobs)
    cpdef bytes stamped(self, Tube tube, bytes attributes, unsigned long long now)
    cpdef unsigned long long used(self)
