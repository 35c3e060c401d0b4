from penstock.core.engine cimport Engine
from penstock.core.extra cimport Extra
from penstock.core.session cimport Session
from penstock.core.wire.verbs cimport BODY_FOLLOWS, QUIT, SWALLOW, Verbs

cdef enum:
    LINE = 0
    BODY = 1
    SKIPPED = 2
    OVERLONG = 3

    LONGEST = 224
    MOST_COMMANDS = 1000
    MOST_OUTBOX = 262144


cdef class BeanstalkSession(Session):
    cdef Engine engine
    cdef Verbs verbs
    cdef unsigned int state
    cdef unsigned int pri
    cdef unsigned long long delay
    cdef unsigned long long ttr
    cdef Py_ssize_t size
    cdef Py_ssize_t budget
    cdef bint cut_short
    cdef bytes afterwards
    cdef object request

    cdef Py_ssize_t feed(self, unsigned char* data, Py_ssize_t start, Py_ssize_t end)
    cpdef bint may_go_on(self)
    cpdef bint is_runnable(self)
    cpdef Py_ssize_t wanted(self)
    cdef Py_ssize_t _read_line(self, unsigned char* data, Py_ssize_t at, Py_ssize_t end)
    cdef void _run(self, unsigned char* data, Py_ssize_t at, Py_ssize_t stop)
    cdef Py_ssize_t _discard(self, unsigned char* data, Py_ssize_t at, Py_ssize_t end)
    cdef Py_ssize_t _read_body(self, unsigned char* data, Py_ssize_t at, Py_ssize_t end)
    cdef Py_ssize_t _skip(self, Py_ssize_t at, Py_ssize_t end)
    cdef void _numbered(self, bytes word, unsigned long long number)
    cdef void _job(self, bytes word, unsigned long long id, bytes body)
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
    cpdef void say_not_ignored(self)
    cpdef void say_draining(self)
    cpdef void say_out_of_memory(self)
    cpdef void say_using(self, bytes name)
    cpdef void say_watching(self, unsigned long long count)
    cpdef void say_text(self, bytes content)
