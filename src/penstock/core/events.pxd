from penstock.core.buffer cimport Buffer
from penstock.core.kinds cimport (
    BOOT,
    BURY,
    CHANGE,
    CLEAR,
    DELETE,
    FREE,
    HOLD,
    KICK,
    NOTE,
    PUT,
    RELEASE,
    RESERVE,
    RETURN,
    SEAL,
    TAG_BODY,
    TAG_KEY,
    TAG_REASON,
    TAG_TOKEN,
    TAG_VALUE,
    TOUCH,
    UNSET,
)

cdef enum:
    KEPT = 1048576
    FIXED = 64


cdef class Batch:
    cdef readonly unsigned long long seq
    cdef public unsigned long long now
    cdef public unsigned long long wall
    cdef public unsigned long long next_id
    cdef readonly unsigned long long count
    cdef readonly bint hard
    cdef readonly Buffer events
    cdef Py_ssize_t opened
    cdef public bint forgetful

    cpdef void clear(self, unsigned long long seq)
    cpdef Py_ssize_t size(self)
    cdef void open(self, unsigned int kind, bint hard)
    cdef void close(self) noexcept
    cdef void string(self, bytes content)
    cdef void attribute(self, unsigned int tag, bytes content)
    cpdef void put(self, unsigned long long id, bytes tube, unsigned int pri, unsigned long long created, unsigned long long delay, unsigned long long due, unsigned long long ttr, bytes attributes, bytes body)
    cpdef void reserve(self, unsigned long long id, unsigned long long until, bytes token)
    cpdef void touch(self, unsigned long long id, unsigned long long until, bytes token)
    cdef void _moment(self, unsigned int kind, unsigned long long id, unsigned long long until, bytes token)
    cpdef void give_back(self, unsigned long long id, unsigned int reason, bint leased)
    cpdef void release(self, unsigned long long id, unsigned int pri, unsigned long long delay, unsigned long long due)
    cpdef void bury(self, unsigned long long id, unsigned int pri, unsigned int reason, unsigned long long place)
    cpdef void hold(self, unsigned long long id, bytes reason)
    cpdef void free(self, unsigned long long id, unsigned long long due)
    cpdef void change(self, unsigned long long id, unsigned int mask, bytes tube, unsigned int pri, unsigned long long due, bytes attributes)
    cpdef void delete(self, unsigned long long id, unsigned int reason)
    cpdef void clear_tube(self, bytes tube, unsigned int states, unsigned long long up_to, unsigned long long now)
    cpdef void pause(self, unsigned int kind, bytes tube, unsigned long long length, unsigned long long until)
    cpdef void note(self, unsigned long long id, bytes namespace, bytes value, bint hard)
    cpdef void set(self, unsigned int kind, bytes namespace, bytes key, bytes value, unsigned long long expires)
    cpdef void unset(self, bytes namespace, bytes key)
    cpdef void boot(self, bint clean, unsigned long long downtime, bytes version)
    cpdef void seal(self)
