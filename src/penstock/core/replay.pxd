from penstock.core.kinds cimport (
    BOOT,
    BURY,
    CHANGE,
    CLEAR,
    DELETE,
    FIRST_SKIPPABLE,
    FREE,
    HOLD,
    JOB_IMAGE,
    KICK,
    NOTE,
    PAUSE,
    PAUSE_IMAGE,
    PUT,
    RELEASE,
    RESERVE,
    RETURN,
    SEAL,
    SET,
    SET_IMAGE,
    TOUCH,
    UNSET,
)
from penstock.core.index cimport Index
from penstock.core.job cimport BURIED, BY_FORWARD, HELD, READY, RESERVED, Job
from penstock.core.reader cimport Reader
from penstock.core.records cimport Record
from penstock.core.store cimport Store
from penstock.core.timers cimport Timers
from penstock.core.tube cimport Tube

cdef enum:
    CLEARABLE = 58
    CHANGEABLE = 15


cdef class Replay:
    cdef Store store
    cdef Index index
    cdef readonly unsigned long long events

    cpdef void apply(self, bytes payload)
    cdef void _skip(self, unsigned int kind)
    cdef bint _apply_tube(self, Reader reader)
    cdef bytes _given(self, bytes content)
    cdef unsigned int _known(self, unsigned int bits, unsigned int ours)
    cdef unsigned int _reason(self, Reader reader)
    cdef unsigned long long _counted(self, unsigned long long number)
    cdef void _put(self, Reader reader)
    cdef void _forget(self, unsigned long long id)
    cdef void _job_image(self, Reader reader)
    cdef void _set(self, Reader reader)
    cdef bint _apply_job(self, Reader reader)
    cdef void _kick(self, unsigned long long id)
    cdef void _change_job(self, unsigned int kind, Job job, Reader reader)
    cdef void _reserve(self, Job job, Reader reader)
    cdef void _touch(self, Job job, unsigned long long until)
    cdef void _release(self, Job job, Reader reader)
    cdef void _bury(self, Job job, Reader reader)
    cdef void _change(self, Job job, Reader reader)
