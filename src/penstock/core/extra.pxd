cdef class Extra:
    cdef public bytes attributes
    cdef public bytes hold_reason
    cdef public dict notes

    cpdef bint is_empty(self)
