"""The socket loop: level-triggered epoll, one read and one write a connection and turn.

The reactor's epoll descriptor is itself readable whenever a socket has something, so an
asyncio loop hosts it with one `add_reader`: `run` serves up to MOST_EVENTS sockets;
`has_work` tells whether work is left in our own buffers.

The rules, each of which has a test:

* HUP or ERR: take what the peer still said, then close, whatever the interest.
* RDHUP: remember it, drop it from the interest, act once: a waiting reserve gives up,
  the commands that are here run, then the connection closes.
* A connection with unsent replies is written to and not read.
* A waiting session is read until CHUNK bytes are here, then not any more.
* Out of descriptors: the spare one takes a caller off the queue; accepting pauses.

Compiled only: it is made of system calls.
"""

from collections.abc import Callable

import cython
from cython.cimports.libc.errno import EAGAIN, EINTR, errno
from cython.cimports.libc.stdlib import free, malloc
from cython.cimports.penstock.core.sockets import (
    EPOLL_CLOEXEC,
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLERR,
    EPOLLHUP,
    EPOLLIN,
    EPOLLOUT,
    EPOLLRDHUP,
    close,
    epoll_create1,
    epoll_event,
    epoll_wait,
    iovec,
    readv,
)

from penstock.core.acceptor import Acceptor, Listener
from penstock.core.buffer import Buffer
from penstock.core.connection import Connection
from penstock.core.engine import Engine
from penstock.core.session import Session
from penstock.core.turn import Turn

if not cython.compiled:
    MOST_EVENTS = 128  # sockets served in one turn
    MOST_ACCEPTED = 64  # callers taken in one turn
    CHUNK = 65536  # bytes read at once, and kept for a session that waits


@cython.final
@cython.cclass
class Reactor:
    """All sockets of the text protocols; `report` is told of our mistakes."""

    def __init__(
        self,
        engine: Engine,
        most_connections: cython.ulonglong,
        report: Callable[[Exception], None],
    ) -> None:
        self.engine = engine
        self.report = report
        self.turn: Turn = engine.turn
        self.by_fd: list[object] = []
        self.unfinished: list[Connection] = []
        self.connections = 0
        self.most_connections = most_connections
        self.callbacks = 0
        self.open = True
        self.serial = 0
        self.fd = epoll_create1(EPOLL_CLOEXEC)
        if self.fd < 0:
            raise OSError(errno, "epoll_create1")
        self.acceptor = Acceptor(self.fd)
        self.scratch = cython.cast(cython.p_uchar, malloc(CHUNK))
        if self.scratch is cython.NULL:
            raise MemoryError

    def __dealloc__(self) -> None:
        free(self.scratch)

    # The turn.

    def has_work(self) -> bool:
        """Tell whether commands are left in our own buffers."""
        return len(self.unfinished) > 0

    def run(self) -> None:
        """Serve the sockets that have something, and what was left."""
        events: epoll_event[128]  # MOST_EVENTS
        count: cython.int = epoll_wait(self.fd, events, MOST_EVENTS, 0)
        i: cython.int
        self.callbacks += 1
        self._go_on()
        for i in range(count):
            self._guarded(events[i].data.u64, events[i].events)

    @cython.cfunc
    def _guarded(self, key: cython.ulonglong, events: cython.uint) -> cython.void:
        """Serve one socket; a mistake of ours costs that connection, not the others."""
        try:
            self._serve(key, events)
        except Exception as error:
            self._give_up(self.by_fd[cython.cast(cython.int, key)], error)

    @cython.cfunc
    def _give_up(self, owner: object, error: Exception) -> cython.void:
        self.report(error)
        self.turn.running = None
        if isinstance(owner, Connection):
            self.close(owner)

    @cython.cfunc
    def _go_on(self) -> cython.void:
        """Run commands that were left in our own buffers."""
        connection: Connection
        if not self.unfinished:
            return
        waiting: list[Connection] = self.unfinished
        self.unfinished = []
        for connection in waiting:
            connection.unfinished = False
            self._go_on_with(connection, True)

    @cython.cfunc
    def _go_on_with(self, connection: Connection, run: cython.bint) -> cython.void:
        """Run and send; a mistake of ours costs that connection, not the others."""
        if connection.fd < 0:
            return
        try:
            if run:
                connection.feed(self.turn)
            self.proceed(connection)
        except Exception as error:
            self._give_up(connection, error)

    @cython.ccall
    def settle(self, connection: Connection) -> cython.void:
        """Send what somebody else's command, or the log, has set free."""
        self._go_on_with(connection, False)

    @cython.cfunc
    def _serve(self, key: cython.ulonglong, events: cython.uint) -> cython.void:
        fd: cython.int = cython.cast(cython.int, key)
        if key >> 32 == 0:
            self._accept(cython.cast(Listener, self.by_fd[fd]))
            return
        connection: Connection | None = cython.cast(Connection, self.by_fd[fd])
        # An earlier event of this turn may have closed it, and its number be new.
        if connection is None or connection.serial != key >> 32:
            return
        if events & EPOLLRDHUP:
            connection.half_closed = True
        if events & (EPOLLHUP | EPOLLERR):
            self._read_the_rest(connection)
        elif events & (EPOLLIN | EPOLLRDHUP):
            self._read(connection)
        else:
            self.proceed(connection)

    # Accepting.

    def listen(self, listener: Listener) -> None:
        """Accept connections from a listening socket, which must not block."""
        self._remember(listener.fd, listener)
        self.acceptor.add(listener)

    @cython.cfunc
    def _remember(self, fd: cython.int, owner: object) -> cython.void:
        while len(self.by_fd) <= fd:
            self.by_fd.append(None)
        self.by_fd[fd] = owner

    @cython.cfunc
    def _accept(self, listener: Listener) -> cython.void:
        fd: cython.int
        for _ in range(MOST_ACCEPTED):
            if self.connections >= self.most_connections:
                self.acceptor.rest()
                return
            fd = self.acceptor.take(listener)
            if fd < 0:
                return
            try:
                self._admit(fd, listener)
            except BaseException:
                close(fd)
                raise

    @cython.cfunc
    def _admit(self, fd: cython.int, listener: Listener) -> cython.void:
        if listener.guard is not None and not listener.guard(fd):
            listener.refused += 1
            close(fd)
        else:
            self._welcome(fd, listener.opener())

    @cython.cfunc
    def _welcome(self, fd: cython.int, session: Session) -> cython.void:
        connection: Connection = Connection(fd, self.settle, session)
        self.serial = self.serial % 0x7FFFFFFF + 1
        connection.serial = self.serial
        connection.watch(self.fd, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP)
        self._remember(fd, connection)
        session.link = connection
        self.connections += 1
        self.engine.open(session)

    # Reading.

    @cython.cfunc
    def _read(self, connection: Connection) -> cython.void:
        """Read once and run what has come.

        What completes the command in the buffer goes there, the rest to the scratch
        memory that all connections share; from there it runs without being copied.
        """
        input: Buffer = connection.input
        parts: iovec[2]
        have: cython.Py_ssize_t = input.end - input.start
        want: cython.Py_ssize_t = 0
        if have:
            want = min(max(connection.session.wanted() - have, 0), CHUNK)
            input.room(want)
        parts[0].iov_base = input.data + input.end
        parts[0].iov_len = want
        parts[1].iov_base = self.scratch
        parts[1].iov_len = CHUNK
        count: cython.Py_ssize_t = readv(connection.fd, parts, 2)
        if count <= 0:
            self._not_read(connection, count)
            return
        input.end += min(count, want)
        if have:
            connection.feed(self.turn)
        connection.feed_more(self.turn, self.scratch, max(count - want, 0))
        self.proceed(connection)

    @cython.cfunc
    def _not_read(
        self, connection: Connection, count: cython.Py_ssize_t
    ) -> cython.void:
        if count == 0:
            connection.half_closed = True
            connection.ended = True
            connection.feed(self.turn)
            self.proceed(connection)
        elif errno in (EAGAIN, EINTR):
            self.proceed(connection)
        else:
            self.close(connection)

    @cython.cfunc
    def _read_the_rest(self, connection: Connection) -> cython.void:
        """The peer is gone: run what it still said, and close."""
        rounds: cython.int = 0
        while connection.fd >= 0 and not connection.ended and rounds < 16:
            rounds += 1
            self._read(connection)
        self.close(connection)

    # Running and writing.

    @cython.ccall
    def proceed(self, connection: Connection) -> cython.void:
        """Send what may leave, then decide what this connection does next."""
        session: Session = connection.session
        if session.waiting and connection.half_closed:
            self.engine.give_up(session)
        if not connection.send(self.turn):
            self.close(connection)
            return
        idle: cython.bint = session.outbox.size() == 0
        left: cython.bint = connection.input.end > connection.input.start
        if session.quitting:
            if idle:
                self.close(connection)
                return
        elif left and session.may_go_on():
            self._come_back(connection)
        elif connection.ended and idle and not (left and self.turn.is_full()):
            self.close(connection)
            return
        if left or (not idle and not session.sendable(self.turn.durable)):
            self.turn.hold(session)
        self._set_interest(connection)

    @cython.cfunc
    def _come_back(self, connection: Connection) -> cython.void:
        if not connection.unfinished:
            connection.unfinished = True
            self.unfinished.append(connection)

    @cython.cfunc
    def _set_interest(self, connection: Connection) -> cython.void:
        interest: cython.uint = 0
        have: cython.Py_ssize_t = connection.input.end - connection.input.start
        if connection.session.sendable(self.turn.durable):
            interest = EPOLLOUT
        elif not connection.ended and have < CHUNK + connection.session.wanted():
            interest = EPOLLIN
        if not connection.half_closed:
            interest |= EPOLLRDHUP
        if interest != connection.interest:
            connection.watch(self.fd, EPOLL_CTL_MOD, interest)

    # Closing.

    @cython.ccall
    def close(self, connection: Connection) -> cython.void:
        """End a connection; what its session held is ready again."""
        fd: cython.int = connection.fd
        if fd < 0:
            return
        # Deleted by hand: a forked child may keep the socket, and epoll with it.
        connection.watch(self.fd, EPOLL_CTL_DEL, 0)
        close(fd)
        connection.fd = -1
        self.by_fd[fd] = None
        self.connections -= 1
        connection.session.link = None
        connection.input.free()
        self.engine.close(connection.session)

    def shut(self) -> None:
        """Close every connection and the reactor itself; the second time is idle."""
        if not self.open:
            return
        self.acceptor.shut()
        self.open = False
        for owner in list(self.by_fd):
            if isinstance(owner, Connection):
                self.close(owner)
        close(self.fd)
