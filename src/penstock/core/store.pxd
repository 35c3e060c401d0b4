from penstock.core.clearings cimport Clearings
from penstock.core.kinds cimport CHANGE_ATTRIBUTES, CHANGE_DUE, CHANGE_PRI, CHANGE_TUBE
from penstock.core.extra cimport Extra
from penstock.core.index cimport Index
from penstock.core.job cimport (
    BURIED,
    BY_CLIENT,
    BY_FREE,
    BY_KICK,
    BY_RESTART,
    BY_TTR,
    DELAYED,
    HELD,
    READY,
    RESERVED,
    Job,
    bump,
    rare,
    tidy,
    weight,
)
from penstock.core.records cimport Record, Records
from penstock.core.session cimport Reservation, Session
from penstock.core.tube cimport Tube



cdef class Store:
    cdef readonly Index index
    cdef readonly Records records
    cdef readonly Clearings clearings
    cdef public unsigned long long next_id
    cdef readonly unsigned long long next_place
    cdef public unsigned int home

    cdef void _reweigh(self, Job job, Py_ssize_t before)
    cpdef Job apply_put(self, unsigned long long id, Tube tube, unsigned int pri, unsigned long long created, unsigned long long delay, unsigned long long due, unsigned long long ttr, bytes attributes, bytes body)
    cdef void _add(self, Job job)
    cpdef void apply_delete(self, Job job)
    cpdef void apply_reserve(self, Job job, unsigned long long until, Session session, bytes token)
    cpdef void apply_touch(self, Job job, unsigned long long until)
    cpdef void apply_return(self, Job job, unsigned int reason)
    cpdef void apply_release(self, Job job, unsigned int pri, unsigned long long delay, unsigned long long due)
    cdef void _move(self, Job job, unsigned int state, unsigned long long due, unsigned int reason)
    cpdef void apply_due(self, Job job)
    cpdef void wake(self, Tube tube, unsigned long long now)
    cpdef void apply_bury(self, Job job, unsigned int pri, unsigned int reason, unsigned long long place)
    cpdef void apply_kick(self, Job job)
    cpdef void apply_hold(self, Job job, bytes reason)
    cpdef void apply_free(self, Job job, unsigned long long due)
    cpdef void apply_change(self, Job job, unsigned int mask, Tube tube, unsigned int pri, unsigned long long due, bytes attributes)
    cdef void _unhold(self, Job job)
    cpdef void apply_note(self, Job job, bytes namespace, bytes value)
    cpdef void apply_pause(self, Tube tube, unsigned long long length, unsigned long long until)
    cpdef void apply_set(self, Record record)
    cpdef void apply_unset(self, bytes namespace, bytes key)
    cpdef void apply_clear(self, Tube tube, unsigned int states, unsigned long long up_to, unsigned long long now)
    cpdef void apply_boot(self)
