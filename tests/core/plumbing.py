"""A reactor that is run by hand, and the other ends of its sockets."""

from __future__ import annotations

import select
import socket
import struct

from penstock.core.engine import Engine
from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs

ALWAYS = 0xFFFFFFFFFFFFFFFF
LONGEST_WAIT = 5.0  # seconds for the kernel to carry bytes over the loopback


class Plumbing:
    """One reactor on one listening socket; nothing runs unless the test says so."""

    def __init__(self, *, most_connections=100, guard=None):
        # Imported here: this module has no plain form.
        from penstock.core.acceptor import Listener  # noqa: PLC0415
        from penstock.core.reactor import Reactor  # noqa: PLC0415

        self.engine = Engine()
        self.engine.turn.durable = ALWAYS
        self.verbs = Verbs(self.engine)
        self.sessions: list[BeanstalkSession] = []
        self.mistakes: list[Exception] = []
        self.reactor = Reactor(self.engine, most_connections, self.mistakes.append)
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.listening.setblocking(False)
        # What is accepted inherits it: little fits into the kernel's buffers.
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.ends: list[socket.socket] = []
        self.listener = Listener(self.listening.fileno(), self._open, guard)
        self.reactor.listen(self.listener)

    def _open(self) -> BeanstalkSession:
        session = BeanstalkSession(self.engine, self.verbs)
        self.sessions.append(session)
        return session

    def shut_reactor(self) -> None:
        """Shut the reactor, once."""
        if self.reactor.open:
            self.reactor.shut()

    def shut(self) -> None:
        self.shut_reactor()
        self.listening.close()
        for end in self.ends:
            end.close()

    # Running.

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Tell whether the loop would call: a socket has something."""
        return bool(select.select([self.reactor.fd], [], [], seconds)[0])

    def settle(self, most: int = 50) -> int:
        """Run until there is nothing to do; give the number of callbacks it took."""
        rounds = 0
        while self.is_ready(0.02) or self.reactor.has_work():
            self.reactor.run()
            for session in self.engine.turn.take_spoken():
                if session.link is not None:
                    session.link.flush()
            rounds += 1
            assert rounds < most, "the reactor does not come to rest"
        return rounds

    def run_once(self) -> None:
        """Wait until a socket has something, and run once."""
        assert self.is_ready(LONGEST_WAIT)
        self.reactor.run()

    # The other ends.

    def caller(self) -> socket.socket:
        """Connect, without running the reactor."""
        end = socket.create_connection(self.listening.getsockname())
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        end.settimeout(LONGEST_WAIT)
        self.ends.append(end)
        return end

    def connect(self) -> tuple[socket.socket, BeanstalkSession]:
        """Connect and be accepted."""
        end = self.caller()
        before = len(self.sessions)
        while len(self.sessions) == before:
            self.run_once()
        return end, self.sessions[-1]


def hear(end: socket.socket, count: int) -> bytes:
    """Read that many bytes."""
    heard = b""
    while len(heard) < count:
        more = end.recv(count - len(heard))
        assert more, f"the connection ended after {heard!r}"
        heard += more
    return heard


def hear_the_end(end: socket.socket) -> bytes:
    """Read until the other side closes."""
    heard = b""
    while more := end.recv(65536):
        heard += more
    return heard


def reset(end: socket.socket) -> None:
    """Close with a reset instead of a goodbye."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
