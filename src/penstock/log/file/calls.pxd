# The system calls of the disk's threads, which run without the interpreter.

cdef extern from "<sys/uio.h>" nogil:
    cdef struct iovec:
        void* iov_base
        size_t iov_len
    ssize_t pwritev(int file, const iovec* parts, int count, long long offset)

cdef extern from "<unistd.h>" nogil:
    ssize_t pwrite(int file, const void* buffer, size_t count, long long offset)
    int fdatasync(int file)
    int fsync(int file)
    int close(int file)
    int unlinkat(int folder, const char* name, int flags)

cdef extern from "<fcntl.h>" nogil:
    int O_WRONLY
    int O_CREAT
    int O_TRUNC
    int O_CLOEXEC
    int openat(int folder, const char* name, int flags, unsigned int mode)
    int posix_fallocate(int file, long long offset, long long count)

cdef extern from "<poll.h>" nogil:
    cdef struct pollfd:
        int fd
        short events
        short revents
    short POLLIN
    int poll(pollfd* waits, unsigned long count, int milliseconds)

cdef extern from "<sys/vfs.h>" nogil:
    cdef struct statfs:
        long f_type
    int fstatfs(int file, statfs* told)

cdef extern from "<time.h>" nogil:
    cdef struct timespec:
        long tv_sec
        long tv_nsec
    int CLOCK_MONOTONIC
    int clock_gettime(int clock, timespec* moment)

cdef extern from "<errno.h>" nogil:
    int errno
    int EINTR

# A counter that tells another thread that what was written before it is there.
cdef extern from *:
    """
    static inline void publish(unsigned long long *where, unsigned long long value)
    { __atomic_store_n(where, value, __ATOMIC_RELEASE); }
    static inline unsigned long long observe(const unsigned long long *where)
    { return __atomic_load_n(where, __ATOMIC_ACQUIRE); }
    """
    void publish(unsigned long long* where, unsigned long long value) noexcept nogil
    unsigned long long observe(const unsigned long long* where) noexcept nogil

# An event that one thread waits for and another raises.
cdef extern from *:
    """
    #include <poll.h>
    #include <sys/eventfd.h>
    static inline void raise_event(int event)
    { eventfd_write(event, 1); }
    static inline int await_event(int event, int milliseconds)
    {
        struct pollfd wait = {event, POLLIN, 0};
        eventfd_t count;
        poll(&wait, 1, milliseconds);
        return (wait.revents & POLLIN) != 0 && eventfd_read(event, &count) == 0;
    }
    """
    void raise_event(int event) noexcept nogil
    bint await_event(int event, int milliseconds) noexcept nogil

# A MiB of them.
cdef extern from *:
    """
    static inline const char *zeros(void)
    { static const char content[1048576]; return content; }
    """
    const char* zeros() noexcept nogil
