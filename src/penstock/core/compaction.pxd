from penstock.core.events cimport Batch
from penstock.core.images cimport Images
from penstock.core.index cimport Index
from penstock.core.job cimport Job
from penstock.core.kinds cimport (
    FIRST_SKIPPABLE,
    JOB_IMAGE,
    PAUSE,
    PAUSE_IMAGE,
    PUT,
    SET,
    SET_IMAGE,
)
from penstock.core.reader cimport Reader
from penstock.core.records cimport Record
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Compaction:
    cdef Store store
    cdef Index index
    cdef Turn turn
    cdef Images images
    cdef Reader reader
    cdef unsigned int piece
    cdef list ids
    cdef readonly unsigned long long carried

    cpdef void begin(self, bytes payload, unsigned int piece)
    cpdef bint step(self, Py_ssize_t most)
    cdef void _carry(self, Reader reader, unsigned int kind)
    cdef void _carry_unknown(self, Reader reader)
    cdef void _carry_job(self, unsigned long long id)
    cdef void _carry_record(self, bytes namespace, bytes key)
    cdef void _carry_pause(self, bytes name)
