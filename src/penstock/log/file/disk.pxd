from penstock.log.file.calls cimport iovec

cdef enum:
    MOST_PARTS = 4
    STEP = 1048576
    MODE_BITS = 0x180  # 0600

    # The system calls that can fail, as an index into CALLS.
    PWRITEV = 0
    FDATASYNC = 1
    OPENAT = 2
    FALLOCATE = 3
    FSYNC = 4
    UNLINKAT = 5


cdef extern from *:
    """
    #define NEVER_SYNC (1LL << 62)
    static const char ZEROS[1048576];
    """
    const long long NEVER_SYNC
    const char ZEROS[1048576]


cdef class Disk:
    cdef readonly object path
    cdef readonly long long interval
    cdef object _files
    cdef object _writing
    cdef object _parts
    cdef object _filling
    cdef object _threads
    cdef bint _closed
    cdef int _folder
    cdef int _done
    cdef int _stopping

    cdef int _write_wake
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

    cdef int _fill_wake
    cdef const char* _name
    cdef long long _size
    cdef int _urgency
    cdef unsigned long long _fill_asked
    cdef unsigned long long _fill_ended
    cdef int _fill_error
    cdef int _fill_call
    cdef bint _sparse

    cdef void _write_loop(self) noexcept nogil
    cdef bint _is_idle(self) noexcept nogil
    cdef int _patience(self) noexcept nogil
    cdef void _perform(self) noexcept nogil
    cdef bint _write_all(self) noexcept nogil
    cdef void _sync_late(self) noexcept nogil
    cdef void _fill_loop(self) noexcept nogil
    cdef int _fill(self) noexcept nogil
    cdef int _fill_file(self, int file) noexcept nogil
    cdef int _rest(self) noexcept nogil
    cdef int _unlink(self) noexcept nogil
