"""A server without sockets of its own: engine, log, broker and reactor in one loop."""

from __future__ import annotations

import asyncio
import functools
import socket

from penstock.core.acceptor import Listener
from penstock.core.engine import Engine
from penstock.core.reactor import Reactor
from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs
from penstock.log.memory import MemoryLog
from penstock.server.broker import Broker
from penstock.server.local import LocalSession
from penstock.testing import HeldLog, ManualClock

LONGEST_WAIT = 5.0  # seconds for anything that has to happen


class House:
    """What the server is made of, on a manual clock."""

    def __init__(self, log=None) -> None:
        self.engine = Engine()
        self.engine.views.surroundings = lambda: {"max-job-size": 65535}
        self.clock = ManualClock(start=1_000_000_000_000)
        self.log = MemoryLog(retain=True) if log is None else log
        self.failures: list[Exception] = []
        self.mistakes: list[Exception] = []
        self.broker = Broker(self.engine, self.log, self.clock, self.failures.append)
        self.reactor = Reactor(self.engine, 100, self.mistakes.append)
        self.verbs = Verbs(self.engine)
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        self.broker.start(self.reactor)

    def stop(self) -> None:
        self.broker.stop()
        self.reactor.shut()
        for one in self._sockets:
            one.close()
        assert self.mistakes == []

    def local(self) -> LocalSession:
        return LocalSession(self.broker)

    def listen(self) -> socket.socket:
        """Open a listening socket on a free port of the loopback."""
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self._sockets.append(listening)
        self.reactor.listen(
            Listener(
                listening.fileno(),
                lambda: BeanstalkSession(self.engine, self.verbs),
                None,
            )
        )
        return listening

    async def connect(self, listening) -> Client:
        client = socket.create_connection(listening.getsockname())
        client.setblocking(False)
        self._sockets.append(client)
        return Client(client)

    async def settle(self) -> None:
        """Let the loop do everything that can be done now."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def until(self, happened) -> None:
        """Let the loop's own time pass until that is so."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not happened():  # noqa: ASYNC110  (there is no event to wait for)
                await asyncio.sleep(0.001)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and the broker notice."""
        self.clock.advance(seconds=seconds)
        self.broker.advance()
        self.broker.stage()
        await self.settle()


class Client:
    """The other end of a socket."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear_nothing(self) -> bool:
        """Tell whether nothing is there to be read."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False

    async def hear(self, count: int) -> bytes:
        """Read that many bytes."""
        loop, heard = asyncio.get_running_loop(), b""
        async with asyncio.timeout(LONGEST_WAIT):
            while len(heard) < count:
                more = await loop.sock_recv(self.socket, count - len(heard))
                assert more, f"the connection ended after {heard!r}"
                heard += more
        return heard

    async def hears(self, expected: bytes) -> None:
        assert await self.hear(len(expected)) == expected


def in_a_house(test=None, *, log=None):
    """Run an asynchronous test in a house of its own, with the log that is made."""
    if test is None:
        return functools.partial(in_a_house, log=log)

    async def run() -> None:
        house = House(None if log is None else log())
        house.start()
        try:
            await asyncio.wait_for(test(house), 20)
        finally:
            house.stop()

    # Not functools.wraps: pytest would take the arguments for fixtures.
    def story() -> None:
        asyncio.run(run())

    story.__name__, story.__doc__ = test.__name__, test.__doc__
    return story


with_a_held_log = in_a_house(log=HeldLog)
