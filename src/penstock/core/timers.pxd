from penstock.core.counters cimport Counters
from penstock.core.heap cimport Heap
from penstock.core.index cimport Index
from penstock.core.job cimport BY_TTR, DELAYED, RESERVED, Job
from penstock.core.records cimport Record
from penstock.core.retirement cimport Retirement
from penstock.core.session cimport Session
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn

cdef extern from *:
    const unsigned long long NEVER "0xFFFFFFFFFFFFFFFFull"


cdef class Timers:
    cdef Store store
    cdef Index index
    cdef Turn turn
    cdef Counters counters
    cdef readonly Retirement retirement

    cpdef Py_ssize_t run(self, unsigned long long now, Py_ssize_t most)
    cpdef Py_ssize_t catch_up(self, unsigned long long now, Py_ssize_t most)
    cdef Py_ssize_t _wake(self, unsigned long long now, Py_ssize_t most)
    cdef Py_ssize_t _wake_tube(self, Tube tube, unsigned long long now, Py_ssize_t most)
    cdef Py_ssize_t _end_pauses(self, unsigned long long now, Py_ssize_t most)
    cdef Py_ssize_t _end_reservations(self, unsigned long long now, Py_ssize_t most)
    cdef void _warn(self, Job job)
    cdef void _take_back(self, Job job)
    cdef Py_ssize_t _expire_jobs(self, unsigned long long now, Py_ssize_t most)
    cdef Py_ssize_t _expire_records(self, unsigned long long now, Py_ssize_t most)
    cpdef unsigned long long next(self)
