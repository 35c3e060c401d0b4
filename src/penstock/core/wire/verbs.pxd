from penstock.core.counters cimport Counters
from penstock.core.engine cimport Engine
from penstock.core.job cimport BURIED, DELAYED, READY
from penstock.core.matching cimport NEVER
from penstock.core.session cimport (
    MAY_ADMINISTER,
    MAY_INSPECT,
    MAY_PUT,
    MAY_TAKE,
    Session,
)
from penstock.core.wire.line cimport Line, is_name

cdef enum:
    DONE = 0
    BODY_FOLLOWS = 1
    SWALLOW = 2
    QUIT = 3

cdef extern from *:
    const unsigned long long SECOND "1000000000ull"
    const unsigned long long U32 "0xFFFFFFFFull"
    const unsigned long long U64 "0xFFFFFFFFFFFFFFFFull"
    const unsigned long long MOST_WAIT "0x7FFFFFFFull"


cdef class Verbs:
    cdef Engine engine
    cdef Counters counters
    cdef Line line
    cdef unsigned int outcome
    cdef unsigned int pri
    cdef unsigned long long delay
    cdef unsigned long long ttr
    cdef Py_ssize_t size
    cdef bytes afterwards
    cdef object request
    cdef readonly object extensions

    cdef unsigned int run(self, Session session, unsigned char* data, Py_ssize_t start, Py_ssize_t end)
    cdef void _dispatch(self, Session session)
    cdef void _extension(self, Session session)
    cdef void _bad_format(self, Session session)
    cdef bint _allows(self, Session session, unsigned int verbs, bint well_formed)
    cdef bint _last_number(self, unsigned long long most)
    cdef void _put(self, Session session)
    cdef bint _put_numbers(self)
    cdef void _reserve(self, Session session)
    cdef void _reserve_with_timeout(self, Session session)
    cdef void _reserve_job(self, Session session)
    cdef void _delete(self, Session session)
    cdef void _release(self, Session session)
    cdef void _bury(self, Session session)
    cdef void _touch(self, Session session)
    cdef void _kick(self, Session session)
    cdef void _kick_job(self, Session session)
    cdef void _peek(self, Session session)
    cdef void _peek_first(self, Session session, unsigned int state)
    cdef void _stats_job(self, Session session)
    cdef void _stats_tube(self, Session session)
    cdef void _stats(self, Session session)
    cdef bytes _name(self, Session session)
    cdef void _use(self, Session session)
    cdef void _watch(self, Session session)
    cdef void _ignore(self, Session session)
    cdef void _list_tubes_watched(self, Session session)
    cdef void _list_tube_used(self, Session session)
    cdef void _list_tubes(self, Session session)
    cdef void _pause_tube(self, Session session)
