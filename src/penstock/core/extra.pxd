from penstock.core.kinds cimport (
    JOB_DEDUP,
    JOB_EXPIRES,
    JOB_GROUP,
    JOB_LIMIT,
    UNTIL_RESERVED,
)


cdef class Extra:
    cdef readonly bytes attributes
    cdef public bytes hold_reason
    cdef public dict notes
    cdef readonly unsigned long long expires
    cdef readonly bytes dedup
    cdef readonly unsigned int until
    cdef readonly bytes group
    cdef readonly unsigned int most_reserves
    cdef readonly bytes dead_letter

    cpdef Py_ssize_t size(self)
    cpdef bint is_empty(self)
    cpdef void adopt(self, bytes attributes)
    cdef void _heed(self, unsigned int tag, bytes content)


cdef unsigned long long _number(bytes content)
