from penstock.core.acceptor cimport Acceptor, Listener
from penstock.core.buffer cimport Buffer
from penstock.core.connection cimport Connection
from penstock.core.engine cimport Engine
from penstock.core.session cimport Session
from penstock.core.turn cimport Turn


cdef enum:
    MOST_EVENTS = 128
    MOST_ACCEPTED = 64
    CHUNK = 65536


cdef class Reactor:
    cdef readonly int fd
    cdef Engine engine
    cdef object report
    cdef Turn turn
    cdef list by_fd
    cdef readonly Acceptor acceptor
    cdef list unfinished
    cdef readonly unsigned long long connections
    cdef readonly unsigned long long most_connections
    cdef readonly unsigned long long callbacks
    cdef readonly bint open
    cdef unsigned int serial
    cdef unsigned char* scratch

    cdef void _guarded(self, unsigned long long key, unsigned int events)
    cdef void _give_up(self, object owner, Exception error)
    cdef void _go_on(self)
    cdef void _go_on_with(self, Connection connection, bint run)
    cpdef void settle(self, Connection connection)
    cdef void _serve(self, unsigned long long key, unsigned int events)
    cdef void _remember(self, int fd, object owner)
    cdef void _accept(self, Listener listener)
    cdef void _admit(self, int fd, Listener listener)
    cdef void _welcome(self, int fd, Session session)
    cdef void _read(self, Connection connection)
    cdef void _not_read(self, Connection connection, Py_ssize_t count)
    cdef void _read_the_rest(self, Connection connection)
    cpdef void proceed(self, Connection connection)
    cdef void _come_back(self, Connection connection)
    cdef void _set_interest(self, Connection connection)
    cpdef void close(self, Connection connection)
