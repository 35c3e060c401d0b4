from penstock.core.buffer cimport Buffer

cdef enum:
    BY_REFERENCE = 16384


cdef class Outbox:
    cdef Buffer buffer
    cdef list large
    cdef list places
    cdef Py_ssize_t large_size
    cdef unsigned long long left
    cdef Py_ssize_t front

    cpdef Py_ssize_t size(self) noexcept
    cpdef void add(self, bytes content)
    cpdef void add_decimal(self, unsigned long long value)
    cpdef void add_body(self, bytes body)
    cpdef void drop(self, Py_ssize_t count)
    cdef Py_ssize_t _before_large(self)
    cdef void _drop_small(self, Py_ssize_t count)
    cdef Py_ssize_t _drop_large(self, Py_ssize_t count)
