from penstock.core.job cimport Job


cdef enum:
    LOAD = 2
    SMALLEST = 8


cdef class Table:
    cdef list slots
    cdef Py_ssize_t base
    cdef Py_ssize_t count

    cdef Py_ssize_t _slot(self, unsigned long long id) noexcept
    cpdef Job find(self, unsigned long long id)
    cpdef void add(self, Job job)
    cpdef void remove(self, Job job)
    cdef void _split(self)
    cdef void _join(self)
    cdef void _chain(self, Job job)
