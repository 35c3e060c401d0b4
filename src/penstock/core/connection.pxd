from penstock.core.buffer cimport Buffer
from penstock.core.outbox cimport Outbox
from penstock.core.session cimport Session
from penstock.core.turn cimport Turn

cdef enum:
    MOST_PARTS = 16


cdef class Connection:
    cdef readonly int fd
    cdef object proceed
    cdef readonly Session session
    cdef Buffer input
    cdef unsigned int interest
    cdef unsigned int serial
    cdef bint half_closed
    cdef bint ended
    cdef bint unfinished

    cdef void watch(self, int epoll, int operation, unsigned int interest)
    cdef void feed(self, Turn turn)
    cdef void feed_more(self, Turn turn, unsigned char* data, Py_ssize_t count)
    cdef bint send(self, Turn turn)
    cdef Py_ssize_t _send_pieces(self, Outbox outbox, Py_ssize_t count)
