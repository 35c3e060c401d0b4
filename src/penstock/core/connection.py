"""One socket and its session: bytes to the wire, the outbox to the socket.

Compiled only: it is made of system calls.
"""

from collections.abc import Callable

import cython
from cython.cimports.libc.errno import EAGAIN, EINTR, errno
from cython.cimports.libc.string import memset
from cython.cimports.penstock.core.sockets import (
    MSG_NOSIGNAL,
    epoll_ctl,
    epoll_event,
    iovec,
    msghdr,
    send,
    sendmsg,
)

from penstock.core.buffer import Buffer
from penstock.core.outbox import Outbox
from penstock.core.session import Session
from penstock.core.turn import Turn

if not cython.compiled:
    MOST_PARTS = 16  # pieces that one call sends


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
    def watch(
        self, epoll: cython.int, operation: cython.int, interest: cython.uint
    ) -> cython.void:
        """Tell epoll what to report; `interest` is what it has been told last."""
        event: epoll_event
        event.events = interest
        event.data.u64 = (cython.cast(cython.ulonglong, self.serial) << 32) | self.fd
        self.interest = interest
        if epoll_ctl(epoll, operation, self.fd, cython.address(event)) < 0:
            raise OSError(errno, "epoll_ctl")

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
        count: cython.Py_ssize_t = self.session.sendable(turn.durable)
        if count == 0:
            return True
        if self.session.outbox.large:
            count = self._send_pieces(self.session.outbox, count)
        else:
            buffer: Buffer = self.session.outbox.buffer
            count = send(self.fd, buffer.data + buffer.start, count, MSG_NOSIGNAL)
        if count >= 0:
            self.session.sent(count)
        return count >= 0 or errno == EAGAIN or errno == EINTR

    @cython.cfunc
    def _send_pieces(
        self, outbox: Outbox, count: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Send the buffer's bytes and the large bodies between them in one call."""
        parts: iovec[16]  # MOST_PARTS
        message: msghdr
        used: cython.int = 0
        at: cython.Py_ssize_t = outbox.buffer.start
        gone: cython.ulonglong = outbox.left
        front: cython.Py_ssize_t = outbox.front
        step: cython.Py_ssize_t
        for i in range(min(len(outbox.large), MOST_PARTS // 2 - 1)):
            body: bytes = outbox.large[i]
            place: cython.ulonglong = outbox.places[i]
            step = min(count, cython.cast(cython.Py_ssize_t, place - gone))
            parts[used].iov_base = outbox.buffer.data + at
            parts[used].iov_len = step
            at, gone, count = at + step, gone + step, count - step
            step = min(count, len(body) - front)
            parts[used + 1].iov_base = cython.cast(cython.p_uchar, body) + front
            parts[used + 1].iov_len = step
            used, front, count = used + 2, 0, count - step
        if len(outbox.large) < MOST_PARTS // 2:
            parts[used].iov_base = outbox.buffer.data + at
            parts[used].iov_len = count
            used += 1
        memset(cython.address(message), 0, cython.sizeof(msghdr))
        message.msg_iov = parts
        message.msg_iovlen = used
        sent: cython.Py_ssize_t = sendmsg(
            self.fd, cython.address(message), MSG_NOSIGNAL
        )
        return sent
