"""The server's life: put together, served, drained, ended.

A first SIGTERM or SIGINT stops accepting, refuses puts, closes those who only wait,
lets replies leave, and ends within PATIENCE; a second one ends at once. SIGUSR1 refuses
puts from then on, as beanstalkd does. A log that fails ends the server: nothing more is
acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from penstock.clock import Clock, SystemClock
from penstock.core.engine import Engine
from penstock.core.reactor import Listener, Reactor
from penstock.core.session import Session
from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs
from penstock.log import Log
from penstock.server.broker import Broker
from penstock.server.listeners import Door, close_all
from penstock.server.surroundings import Surroundings

PATIENCE = 4.5  # seconds from the signal to the end, whoever does not read
LOOK = 0.01  # seconds between two looks at what is still unsent
REST = 0.1  # seconds without accepting once descriptors are used up
LOG_FAILED = os.EX_IOERR

logger = structlog.get_logger("penstock.server")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the server grows to, and no further; sizes in bytes, 0 memory is no bound."""

    max_job_size: int
    connections: int
    memory: int = 0


class Server:
    """One engine, its log, and the sockets in front of it."""

    def __init__(
        self,
        doors: list[Door],
        log: Log,
        bounds: Bounds,
        mode: str,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.engine = Engine()
        self.engine.policy.max_job_size = bounds.max_job_size
        self.engine.policy.most_bytes = bounds.memory
        self.log = log
        self.broker = Broker(self.engine, log, clock, self._log_failed)
        self.reactor = Reactor(self.engine, bounds.connections, self._mistake)
        self._doors = doors
        self._listeners = [self._listener(door) for door in doors]
        self._surroundings = Surroundings(self.engine, clock, mode)
        self._surroundings.refused = self._refused
        self._surroundings.exhausted = lambda: self.reactor.exhausted
        self.engine.views.surroundings = self._surroundings
        self._ended = asyncio.Event()
        self._stopping = False
        self._result = os.EX_OK

    def _listener(self, door: Door) -> Listener:
        verbs = Verbs(self.engine)
        listener = Listener(
            door.socket.fileno(), lambda: BeanstalkSession(self.engine, verbs), None
        )
        self.reactor.listen(listener)
        return listener

    def _refused(self) -> int:
        return sum(listener.refused for listener in self._listeners)

    # From start to end.

    async def run(self, ready: Callable[[], None]) -> int:
        """Serve until a signal or a failure ends it; give the exit status."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self.stop)
        loop.add_signal_handler(signal.SIGUSR1, self.drain)
        self.broker.start(self.reactor)
        ready()
        await self._ended.wait()
        self._end()
        return self._result

    def drain(self) -> None:
        """Refuse puts from now on; there is no way back."""
        self.engine.policy.draining = True
        logger.info("draining: puts are refused, everything else goes on")

    def stop(self) -> None:
        """Begin to end; the second call ends at once."""
        if self._stopping:
            self._ended.set()
            return
        self._stopping = True
        self.engine.policy.draining = True
        self._ended.set()

    def _end(self) -> None:
        self.broker.stop()
        self.reactor.shut()
        close_all(self._doors)
        self.log.seal()
        self.log.close()

    # What goes wrong.

    def _log_failed(self, error: Exception) -> None:
        logger.critical("the log failed: nothing more is acknowledged", error=str(error))
        self._result = LOG_FAILED
        self._ended.set()

    def _mistake(self, error: Exception) -> None:
        logger.error("a mistake of ours ended a connection", exc_info=error)
