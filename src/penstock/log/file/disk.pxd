from penstock.log.file.calls cimport iovec
from penstock.log.file.filler cimport Filler

cdef enum:
    MOST_PARTS = 4

    # The system calls that can fail, as an index into CALLS.
    PWRITEV = 0
    FDATASYNC = 1


cdef extern from *:
    """
    #define NEVER_SYNC (1LL << 62)
    """
    const long long NEVER_SYNC


cdef class Disk:
    cdef readonly object path
    cdef readonly long long interval
    cdef object _files
    cdef object _writing
    cdef object _parts
    cdef object _thread
    cdef Filler _filler
    cdef bint _closed
    cdef int _folder
    cdef int _done
    cdef int _stopping

    cdef int _wake
    cdef int _file
    cdef long long _offset
    cdef iovec _vector[4]
    cdef int _count
    cdef unsigned long long _seq
    cdef unsigned long long _asked
    cdef unsigned long long _ended
    cdef int _error
    cdef int _call
    cdef bint _at_once
    cdef long long _took
    cdef int _dirty
    cdef unsigned long long _dirty_seq
    cdef long long _dirty_since
    cdef unsigned long long _synced
    cdef unsigned long long _told
    cdef int _late_error
    cdef long long _late_took

    cdef void _loop(self) noexcept nogil
    cdef bint _is_idle(self) noexcept nogil
    cdef int _patience(self) noexcept nogil
    cdef void _perform(self) noexcept nogil
    cdef bint _write_all(self) noexcept nogil
    cdef void _sync_late(self) noexcept nogil
