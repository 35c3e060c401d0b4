cdef enum:
    SMALLEST = 64
    KEEP = 4096


cdef class Buffer:
    cdef unsigned char* data
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    cdef Py_ssize_t capacity

    cpdef void room(self, Py_ssize_t count)
    cdef void _slide(self)
    cdef void _resize(self, Py_ssize_t capacity)
    cpdef void drop(self, Py_ssize_t count)
    cpdef void rewind(self)
    cpdef void clear(self)
    cpdef void free(self)
    cpdef void add(self, bytes content)
    cdef void add_slice(self, unsigned char* source, Py_ssize_t start, Py_ssize_t end)
    cpdef void add_decimal(self, unsigned long long value)
    cpdef void put_u8(self, unsigned long long value) noexcept
    cpdef void put_u32(self, unsigned long long value) noexcept
    cpdef void put_u64(self, unsigned long long value) noexcept
    cpdef void set_u32(self, Py_ssize_t at, unsigned long long value) noexcept
