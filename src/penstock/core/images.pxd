from penstock.core.buffer cimport Buffer
from penstock.core.events cimport Batch
from penstock.core.kinds cimport (
    JOB_IMAGE,
    PAUSE_IMAGE,
    SET_IMAGE,
    TAG_BODY,
    TAG_NOTE,
    TAG_REASON,
    TAG_TOKEN,
)
from penstock.core.extra cimport Extra
from penstock.core.index cimport Index
from penstock.core.job cimport Job
from penstock.core.records cimport Record
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube


cdef class Images:
    cdef Store store
    cdef Index index

    cpdef void pause(self, Batch batch, Tube tube)
    cpdef void record(self, Batch batch, Record record)
    cpdef void job(self, Batch batch, Job job)
    cdef void _numbers(self, Buffer out, Job job)
    cdef void _rare(self, Batch batch, Extra extra)
