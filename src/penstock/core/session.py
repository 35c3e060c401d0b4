"""A client as the engine sees it: what it uses, watches and holds, and its outbox.

An outbox is one buffer in which replies wait for their barrier. A reply that shows
engine state may leave once every hard event staged before it is durable; a reply about
the connection alone raises no barrier but keeps its place. At most one batch is in
flight and one collecting, so two marks tell all: up to `flight` the bytes wait for
batch `flight_barrier`, the rest for batch `barrier`.
"""

from typing import Protocol

import cython

from penstock.core.extra import Extra
from penstock.core.outbox import Outbox
from penstock.core.tube import Tube

if not cython.compiled:
    # Verb classes: what a session may do is a set of these bits.
    MAY_PUT = 1
    MAY_TAKE = 2
    MAY_INSPECT = 4
    MAY_ADMINISTER = 8
    MAY_ALL = 15


@cython.final
@cython.no_gc
@cython.freelist(256)
@cython.cclass
class Reservation:
    """Who holds a job: a session, or a lease known by its token.

    A session's reservations form a list in the order in which they were made. After
    replay, one that a connection held has neither session nor token.
    """

    def __init__(self) -> None:
        self.id = 0
        self.session: Session | None = None
        self.token: bytes | None = None
        self.previous: Reservation | None = None
        self.next: Reservation | None = None


class Link(Protocol):
    """What carries an outbox to the client."""

    def flush(self) -> None:
        """Send what may leave."""


@cython.cclass
class Session:
    """The one base class of the core: each protocol's session says things its own way.

    `link` is what carries the outbox to the client; it has a method `flush()`. `lease`
    is the token in whose name it reserves, for clients whose reservations outlive their
    connection. `soon` counts the held jobs that are in their last second. One that
    waits for a batch of jobs `announces` how many come.
    """

    def __init__(self, used: Tube) -> None:
        self.number = 0
        self.rights = MAY_ALL
        self.used = used
        self.watched: list[Tube] = [used]
        self.first: Reservation | None = None
        self.last: Reservation | None = None
        self.soon = 0
        self.lease: bytes | None = None
        self.waiting = False
        self.wait_order = 0
        self.wait_until = 0
        self.producer = False
        self.worker = False
        self.announces = False
        self.quitting = False
        self.closed = False
        self.link: Link | None = None
        self.queued = False
        self.held = False
        self.outbox = Outbox()
        self.flight = 0
        self.flight_barrier = 0
        self.barrier = 0

    # Bytes in; what each wire does its own way.

    @cython.cfunc
    def feed(
        self, data: cython.p_uchar, start: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Run the commands in `data[start:end]`; return where the next one starts."""
        raise NotImplementedError

    @cython.ccall
    def is_runnable(self) -> cython.bint:
        """Tell whether the next command may run now."""
        raise NotImplementedError

    @cython.ccall
    def may_go_on(self) -> cython.bint:
        """Tell whether commands that were here before could run now."""
        raise NotImplementedError

    @cython.ccall
    def wanted(self) -> cython.Py_ssize_t:
        """Count the bytes that have to be shown at once before anything can happen."""
        raise NotImplementedError

    # What is held.

    @cython.ccall
    def hold(self, reservation: Reservation) -> cython.void:
        """Append a reservation to this session's list."""
        reservation.session = self
        reservation.previous = self.last
        if self.last is None:
            self.first = reservation
        else:
            self.last.next = reservation
        self.last = reservation

    @cython.ccall
    def let_go(self, reservation: Reservation) -> cython.void:
        """Take a reservation out of this session's list."""
        if reservation.previous is None:
            self.first = reservation.next
        else:
            reservation.previous.next = reservation.next
        if reservation.next is None:
            self.last = reservation.previous
        else:
            reservation.next.previous = reservation.previous
        # Without the cyclic collector, circles are broken by hand.
        reservation.session = None
        reservation.previous = None
        reservation.next = None

    @cython.ccall
    def holds(self, reservation: Reservation | None) -> cython.bint:
        """Tell whether a job's holder is this session, or its lease."""
        if reservation is None:
            return False
        if reservation.session is self:
            return True
        return self.lease is not None and reservation.token == self.lease

    # The outbox.

    @cython.ccall
    def raise_barrier(
        self, barrier: cython.ulonglong, durable: cython.ulonglong
    ) -> cython.void:
        """Let what is said from now on wait for that batch."""
        if barrier <= self.barrier:
            return
        self.flight = self.outbox.size()
        self.flight_barrier = self.barrier if self.barrier > durable else 0
        self.barrier = barrier

    @cython.ccall
    def sendable(self, durable: cython.ulonglong) -> cython.Py_ssize_t:
        """Count the bytes at the front of the outbox that may leave."""
        if self.barrier <= durable:
            return self.outbox.size()
        if self.flight_barrier <= durable:
            return self.flight
        return 0

    @cython.ccall
    def sent(self, count: cython.Py_ssize_t) -> cython.void:
        """Forget bytes that have left."""
        self.outbox.drop(count)
        self.flight = self.flight - count if self.flight > count else 0

    # What can be said. The engine raises the barrier first where state is shown.

    @cython.ccall
    def say_inserted(self, id: cython.ulonglong) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_exists(self, id: cython.ulonglong) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_reserved(
        self, id: cython.ulonglong, body: bytes, extra: Extra | None
    ) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_batch(self, count: cython.ulonglong) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_found(
        self, id: cython.ulonglong, body: bytes, extra: Extra | None
    ) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_deleted(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_released(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_buried(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_touched(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_kicked(self, count: cython.ulonglong) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_kicked_job(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_paused(self) -> cython.void:
        raise NotImplementedError

    def say_committed(self, results: list[object]) -> None:
        raise NotImplementedError

    def say_refused(self, refusal: str, at: int) -> None:
        raise NotImplementedError

    @cython.ccall
    def say_not_found(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_timed_out(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_deadline_soon(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_using(self, name: bytes) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_watching(self, count: cython.ulonglong) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_not_ignored(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_draining(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_out_of_memory(self) -> cython.void:
        raise NotImplementedError

    @cython.ccall
    def say_text(self, content: bytes) -> cython.void:
        raise NotImplementedError
