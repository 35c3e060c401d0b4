"""Accepting connections, and what happens when there are no descriptors left.

Level-triggered epoll reports a caller that can't be taken for ever. So the spare
descriptor takes one off the queue, and the listening sockets leave the epoll set until
`resume` is called. Compiled only: it is made of system calls.
"""

import os
from collections.abc import Callable

import cython
from cython.cimports.libc.errno import (
    EAGAIN,
    ECONNABORTED,
    EINTR,
    EMFILE,
    ENFILE,
    errno,
)
from cython.cimports.penstock.core.sockets import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLLIN,
    IPPROTO_TCP,
    SO_KEEPALIVE,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOL_SOCKET,
    TCP_NODELAY,
    accept4,
    close,
    epoll_ctl,
    epoll_event,
    setsockopt,
)

from penstock.core.session import Session


@cython.final
@cython.cclass
class Listener:
    """A listening socket: `opener` makes the session of a new connection, `guard` looks
    at its descriptor and tells whether it may stay."""

    def __init__(
        self,
        fd: cython.int,
        opener: Callable[[], Session],
        guard: Callable[[int], bool] | None,
    ) -> None:
        self.fd = fd
        self.opener = opener
        self.guard = guard
        self.refused = 0


@cython.final
@cython.cclass
class Acceptor:
    """The listeners of one epoll set. `exhausted` counts how often it had to rest;
    `rested` is told, so that somebody calls `resume` a while later."""

    def __init__(self, epoll: cython.int) -> None:
        self.epoll = epoll
        self.listeners: list[Listener] = []
        self.exhausted = 0
        self.accepting = True
        self.open = True
        self.rested: Callable[[], None] | None = None
        self.spare = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)

    @cython.ccall
    def add(self, listener: Listener) -> cython.void:
        """Report a listener's callers."""
        self.listeners.append(listener)
        self._control(EPOLL_CTL_ADD, listener.fd)

    @cython.cfunc
    def _control(self, operation: cython.int, fd: cython.int) -> cython.void:
        event: epoll_event
        event.events = EPOLLIN
        event.data.u64 = fd
        if epoll_ctl(self.epoll, operation, fd, cython.address(event)) < 0:
            raise OSError(errno, "epoll_ctl")

    @cython.ccall
    def take(self, listener: Listener) -> cython.int:
        """Give the descriptor of the next caller, -1 if there is none to be had."""
        one: cython.int = 1
        fd: cython.int = self._accept(listener)
        if fd >= 0:
            # On Unix sockets these mean nothing, fail, and nothing is lost.
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, cython.address(one), 4)
            setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, cython.address(one), 4)
        elif errno in (EMFILE, ENFILE):
            self._turn_one_away(listener)
        elif errno not in (EAGAIN, EINTR, ECONNABORTED):
            self.rest()
        return fd

    @cython.cfunc
    def _accept(self, listener: Listener) -> cython.int:
        fd: cython.int = accept4(
            listener.fd, cython.NULL, cython.NULL, SOCK_NONBLOCK | SOCK_CLOEXEC
        )
        return fd

    @cython.cfunc
    def _turn_one_away(self, listener: Listener) -> cython.void:
        if self.spare >= 0:
            close(self.spare)
        fd: cython.int = self._accept(listener)
        if fd >= 0:
            close(fd)
        try:
            self.spare = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.spare = -1  # another thread was quicker; the rest will do
        self.rest()

    @cython.ccall
    def rest(self) -> cython.void:
        """Leave callers in the kernel's queue until `resume`."""
        self.exhausted += 1
        self.pause()
        if self.rested is not None:
            self.rested()

    @cython.ccall
    def pause(self) -> cython.void:
        """Take nobody; it is no sign of trouble."""
        if self.accepting:
            self.accepting = False
            for listener in self.listeners:
                self._control(EPOLL_CTL_DEL, listener.fd)

    @cython.ccall
    def resume(self) -> cython.void:
        """Take callers again."""
        if self.open and not self.accepting:
            self.accepting = True
            for listener in self.listeners:
                self._control(EPOLL_CTL_ADD, listener.fd)

    @cython.ccall
    def shut(self) -> cython.void:
        """Take nobody ever again."""
        self.pause()
        self.open = False
        if self.spare >= 0:
            close(self.spare)
            self.spare = -1
