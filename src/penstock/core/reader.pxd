from penstock.core.kinds cimport (
    FIRST_JOB_TAG,
    FIRST_SKIPPABLE,
    LAST_JOB_TAG,
    TAG_BODY,
    TAG_KEY,
    TAG_NOTE,
    TAG_REASON,
    TAG_TOKEN,
    TAG_VALUE,
)


cdef class Reader:
    cdef bytes content
    cdef Py_ssize_t at
    cdef Py_ssize_t end
    cdef Py_ssize_t event_end
    cdef readonly unsigned int kind
    cdef readonly bytes body
    cdef readonly bytes token
    cdef readonly bytes reason
    cdef readonly bytes key
    cdef readonly bytes value
    cdef readonly bytes kept
    cdef readonly dict notes

    cdef void _forget(self)
    cpdef bint next(self)
    cdef Py_ssize_t _take(self, Py_ssize_t count)
    cpdef unsigned int u8(self)
    cpdef unsigned long long u32(self)
    cpdef unsigned long long u64(self)
    cpdef bytes take(self, Py_ssize_t count)
    cpdef bytes string(self)
    cpdef Py_ssize_t rest(self)
    cpdef void attributes(self)
    cdef void _known(self, unsigned int tag, bytes content)
