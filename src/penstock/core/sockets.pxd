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

cdef extern from "sys/uio.h" nogil:
    cdef struct iovec:
        void* iov_base
        size_t iov_len
    Py_ssize_t readv(int fd, const iovec* parts, int count)

cdef extern from *:
    """
    #define _GNU_SOURCE 1
    #include <sys/socket.h>
    """

cdef extern from "sys/socket.h" nogil:
    int accept4(int fd, void* address, void* length, int flags)
    Py_ssize_t send(int fd, const void* data, size_t count, int flags)
    cdef struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    Py_ssize_t sendmsg(int fd, const msghdr* message, int flags)
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
