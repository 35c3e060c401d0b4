from penstock.core.buffer cimport Buffer
from penstock.core.engine cimport Engine
from penstock.core.session cimport Session
from penstock.core.turn cimport Turn

cdef extern from "sys/epoll.h" nogil:
    ctypedef union epoll_data_t:
        unsigned long long u64
    cdef struct epoll_event:
        unsigned int events
        epoll_data_t data
    int epoll_create1(int flags)
    int epoll_ctl(int epfd, int op, int fd, epoll_event* event)
    int epoll_wait(int epfd, epoll_event* events, int most, int timeout)
    const int EPOLL_CLOEXEC
    const int EPOLL_CTL_ADD
    const int EPOLL_CTL_DEL
    const int EPOLL_CTL_MOD
    const unsigned int EPOLLIN
    const unsigned int EPOLLOUT
    const unsigned int EPOLLERR
    const unsigned int EPOLLHUP
    const unsigned int EPOLLRDHUP

cdef extern from *:
    """
    #define _GNU_SOURCE 1
    #include <sys/socket.h>
    """

cdef extern from "sys/socket.h" nogil:
    int accept4(int fd, void* address, void* length, int flags)
    Py_ssize_t recv(int fd, void* data, size_t count, int flags)
    Py_ssize_t send(int fd, const void* data, size_t count, int flags)
    int setsockopt(int fd, int level, int name, const void* value, unsigned int length)
    const int SOCK_NONBLOCK
    const int SOCK_CLOEXEC
    const int MSG_NOSIGNAL
    const int SOL_SOCKET
    const int SO_KEEPALIVE

cdef extern from "netinet/in.h" nogil:
    const int IPPROTO_TCP

cdef extern from "netinet/tcp.h" nogil:
    const int TCP_NODELAY

cdef extern from "unistd.h" nogil:
    int close(int fd)

cdef enum:
    MOST_EVENTS = 128
    MOST_ACCEPTED = 64
    CHUNK = 65536


cdef class Reactor


cdef class Listener:
    cdef readonly int fd
    cdef object opener
    cdef object guard
    cdef readonly unsigned long long refused


cdef class Connection:
    cdef readonly int fd
    cdef Reactor reactor
    cdef readonly Session session
    cdef Buffer input
    cdef unsigned int interest
    cdef unsigned int serial
    cdef bint half_closed
    cdef bint ended
    cdef bint unfinished


cdef class Reactor:
    cdef readonly int fd
    cdef Engine engine
    cdef object report
    cdef Turn turn
    cdef list by_fd
    cdef list listeners
    cdef list unfinished
    cdef readonly unsigned long long connections
    cdef readonly unsigned long long most_connections
    cdef readonly unsigned long long exhausted
    cdef readonly unsigned long long callbacks
    cdef readonly bint accepting
    cdef readonly bint open
    cdef unsigned int serial
    cdef int spare
    cdef unsigned char* scratch
    cdef epoll_event events[128]

    cdef void _guarded(self, unsigned long long key, unsigned int events)
    cdef void _go_on(self)
    cdef void _serve(self, unsigned long long key, unsigned int events)
    cdef void _remember(self, int fd, object owner)
    cdef void _control(self, int operation, int fd, unsigned int interest, unsigned long long serial)
    cdef void _accept(self, Listener listener)
    cdef void _refuse_one(self, Listener listener)
    cdef void _pause_accepting(self)
    cdef void _welcome(self, int fd, Session session)
    cdef void _read(self, Connection connection)
    cdef void _read_more(self, Connection connection)
    cdef void _not_read(self, Connection connection, Py_ssize_t count)
    cdef void _read_the_rest(self, Connection connection)
    cdef void _execute(self, Connection connection)
    cpdef void proceed(self, Connection connection)
    cdef void _come_back(self, Connection connection)
    cdef bint _send(self, Connection connection)
    cdef void _set_interest(self, Connection connection)
    cpdef void close(self, Connection connection)
