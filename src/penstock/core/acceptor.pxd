

cdef class Listener:
    cdef readonly int fd
    cdef object opener
    cdef object guard
    cdef readonly unsigned long long refused


cdef class Acceptor:
    cdef int epoll
    cdef int spare
    cdef list listeners
    cdef readonly unsigned long long exhausted
    cdef readonly bint accepting
    cdef bint open
    cdef public object rested

    cpdef void add(self, Listener listener)
    cdef void _control(self, int operation, int fd)
    cpdef int take(self, Listener listener)
    cdef int _accept(self, Listener listener)
    cdef void _turn_one_away(self, Listener listener)
    cpdef void rest(self)
    cpdef void pause(self)
    cpdef void resume(self)
    cpdef void shut(self)
