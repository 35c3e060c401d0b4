from penstock.core.engine cimport Engine
from penstock.core.events cimport Batch
from penstock.core.reactor cimport Reactor
from penstock.core.turn cimport Turn


cdef class Broker:
    cdef public Engine engine
    cdef public Turn turn
    cdef public object log
    cdef public Reactor reactor
    cdef public object _clock
    cdef object _now
    cdef object _failed
    cdef object _loop
    cdef Batch _spare
    cdef Batch _flying
    cdef long long _offset
    cdef object _timer
    cdef unsigned long long _timer_at
    cdef long long _lead
    cdef bint _was_set
    cdef object _sealing
    cdef bint _staged
    cdef bint _coming
    cdef bint _gathering
    cdef bint _settling
    cdef bint _broken
    cdef unsigned long long _sealed_after
    cdef public object upkeep
    cdef public unsigned long long commits
    cdef public unsigned long long events
    cdef public long long largest
    cdef public unsigned long long standstills

    cpdef void advance(self)
    cpdef void _finish(self)
    cpdef void _flush(self)
    cpdef void _arrange(self)
    cpdef void _come_back(self)
    cpdef bint _is_standing(self)
    cpdef void _commit_or_wait(self)
    cpdef void _gather(self)
    cpdef void _seal_soon(self)
    cpdef void _commit(self)
