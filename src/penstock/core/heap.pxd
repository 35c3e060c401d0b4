cdef enum:
    SMALLEST = 4


cdef class Heap:
    cdef unsigned long long* cells
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t capacity

    cdef void _resize(self, Py_ssize_t capacity)
    cpdef unsigned long long key(self, Py_ssize_t at) noexcept
    cpdef unsigned long long id(self, Py_ssize_t at) noexcept
    cdef void _place(self, Py_ssize_t at, unsigned long long key, unsigned long long id) noexcept
    cdef bint _before(self, Py_ssize_t at, unsigned long long key, unsigned long long id) noexcept
    cpdef void push(self, unsigned long long key, unsigned long long id)
    cpdef void pop(self)
    cdef void _sink(self, Py_ssize_t at, unsigned long long key, unsigned long long id) noexcept
    cpdef void keep(self, Py_ssize_t to, Py_ssize_t at) noexcept
    cpdef void rebuild(self, Py_ssize_t size)
