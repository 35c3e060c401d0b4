"""One socket and its session: bytes to the wire, the outbox to the socket.

Compiled only: it is made of system calls.
"""

from collections.abc import Callable

import cython
from cython.cimports.libc.errno import EAGAIN, EINTR, errno
from cython.cimports.penstock.core.sockets import MSG_NOSIGNAL, send

from penstock.core.buffer import Buffer
from penstock.core.session import Session
from penstock.core.turn import Turn


@cython.final
@cython.cclass
class Connection:
    """`input` is what the wire has not taken yet; `proceed` is the reactor's
    decision what the connection does next; `fd` is -1 once it is closed."""

    def __init__(
        self, fd: cython.int, proceed: Callable[..., None], session: Session
    ) -> None:
        self.fd = fd
        self.proceed = proceed
        self.session = session
        self.input = Buffer()
        self.interest = 0
        self.serial = 0
        self.half_closed = False
        self.ended = False
        self.unfinished = False

    def flush(self) -> None:
        """Send what may leave: somebody else's command or the log allowed it."""
        if self.fd >= 0:
            self.proceed(self)

    @cython.cfunc
    def feed(self, turn: Turn) -> cython.void:
        """Run the commands in `input`, as far as they go."""
        input: Buffer = self.input
        if input.end > input.start:
            turn.running = self.session
            taken: cython.Py_ssize_t = self.session.feed(
                input.data, input.start, input.end
            )
            turn.running = None
            input.drop(taken - input.start)

    @cython.cfunc
    def feed_more(
        self, turn: Turn, data: cython.p_uchar, count: cython.Py_ssize_t
    ) -> cython.void:
        """Run commands where they lie, unless others are waiting before them."""
        taken: cython.Py_ssize_t
        if self.input.end > self.input.start:
            self.input.add_slice(data, 0, count)
            self.feed(turn)
        elif count:
            turn.running = self.session
            taken = self.session.feed(data, 0, count)
            turn.running = None
            self.input.add_slice(data, taken, count)

    @cython.cfunc
    def send(self, turn: Turn) -> cython.bint:
        """Send once what may leave; tell whether the peer is still there."""
        outbox: Buffer = self.session.outbox
        count: cython.Py_ssize_t = self.session.sendable(turn.durable)
        if count == 0:
            return True
        count = send(self.fd, outbox.data + outbox.start, count, MSG_NOSIGNAL)
        if count >= 0:
            self.session.sent(count)
        return count >= 0 or errno == EAGAIN or errno == EINTR
