from penstock.core.extra cimport Extra
from penstock.core.job cimport BY_EXPIRY, BY_POLICY, Job
from penstock.core.kinds cimport CHANGE_ATTRIBUTES, CHANGE_DUE, CHANGE_TUBE, JOB_DEDUP
from penstock.core.rules cimport Rules
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Retirement:
    cdef Store store
    cdef Turn turn

    cpdef void returned(self, Job job)
    cpdef bint lapse(self, Job job)
    cdef void _give_up(self, Job job, bytes dead_letter)
    cpdef void expire(self, Job job)
