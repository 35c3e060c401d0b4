from penstock.core.counters cimport Counters
from penstock.core.kinds cimport PAUSE
from penstock.core.index cimport Index
from penstock.core.job cimport (
    BURIED,
    BY_CLIENT,
    BY_CLOSE,
    DELAYED,
    READY,
    RESERVED,
    Job,
)
from penstock.core.lifetime cimport Lifetime
from penstock.core.matching cimport NEVER, Matching
from penstock.core.policy cimport Policy
from penstock.core.producers cimport Producers
from penstock.core.retirement cimport Retirement
from penstock.core.session cimport Reservation, Session
from penstock.core.store cimport Store
from penstock.core.timers cimport Timers
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn
from penstock.core.views cimport Views


cdef enum:
    SLICE = 2000
    MOST_KICKED = 1000


cdef class Engine:
    cdef readonly Store store
    cdef readonly Index index
    cdef readonly Turn turn
    cdef readonly Counters counters
    cdef readonly Policy policy
    cdef readonly Matching matching
    cdef readonly Producers producers
    cdef readonly Retirement retirement
    cdef readonly Timers timers
    cdef readonly Views views
    cdef readonly Lifetime lifetime
    cdef readonly object ledger
    cdef unsigned long long next_session

    cpdef unsigned long long tick(self, unsigned long long now)
    cpdef unsigned long long next_moment(self)
    cpdef void open(self, Session session)
    cpdef void close(self, Session session)
    cdef void _hand_back(self, Reservation reservation)
    cpdef void mark_worker(self, Session session)
    cpdef void reserve(self, Session session, unsigned long long timeout)
    cpdef void give_up(self, Session session)
    cpdef void reserve_job(self, Session session, unsigned long long id)
    cdef Job _held(self, Session session, unsigned long long id)
    cdef void _not_found(self, Session session)
    cpdef void delete(self, Session session, unsigned long long id)
    cpdef bint remove(self, Session session, unsigned long long id)
    cpdef void release(self, Session session, unsigned long long id, unsigned int pri, unsigned long long delay)
    cpdef void bury(self, Session session, unsigned long long id, unsigned int pri)
    cpdef void touch(self, Session session, unsigned long long id)
    cpdef void kick(self, Session session, unsigned long long bound)
    cpdef void kick_job(self, Session session, unsigned long long id)
    cpdef void pause_tube(self, Session session, bytes name, unsigned long long length)
