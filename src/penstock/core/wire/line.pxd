cdef extern from *:
    const unsigned long long LARGEST "0xFFFFFFFFFFFFFFFFull"


cdef class Line:
    cdef unsigned char* data
    cdef Py_ssize_t at
    cdef Py_ssize_t end
    cdef readonly unsigned long long value


    cdef void begin(self, unsigned char* data, Py_ssize_t start, Py_ssize_t end)
    cpdef bint is_done(self) noexcept
    cdef bint starts(self, bytes word)
    cdef void _skip(self, unsigned char blank, unsigned char other) noexcept
    cdef bint number(self, unsigned long long most) noexcept
    cdef bint _digits(self) noexcept
    cdef bint lenient(self) noexcept
    cdef bytes name(self)
    cdef bytes rest(self)
    cdef bytes spaced_word(self)
    cdef bytes _word(self)


cpdef bint is_name(bytes name)
