cdef enum:
    STEP = 1048576
    MODE_BITS = 0x180  # 0600

    # The system calls that can fail, as an index into CALLS.
    OPENAT = 0
    FALLOCATE = 1
    PWRITE = 2
    FDATASYNC = 3
    FSYNC = 4
    UNLINKAT = 5


cdef class Filler:
    cdef object _filling
    cdef object _thread
    cdef int _folder
    cdef int _done
    cdef int _wake
    cdef int _stopping
    cdef bint _sparse
    cdef const char* _name
    cdef long long _size
    cdef int _urgency
    cdef unsigned long long _asked
    cdef unsigned long long _ended
    cdef int _error
    cdef int _call

    cdef void _loop(self) noexcept nogil
    cdef int _fill(self) noexcept nogil
    cdef int _fill_file(self, int file) noexcept nogil
    cdef int _rest(self) noexcept nogil
    cdef int _unlink(self) noexcept nogil
