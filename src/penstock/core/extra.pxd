cdef class Extra:
    cdef public bytes attributes
    cdef public bytes hold_reason
    cdef public dict notes

    cpdef Py_ssize_t size(self)
    cpdef bint is_empty(self)
