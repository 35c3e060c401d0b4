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
from typing import Any

import structlog

from penstock.clock import Clock
from penstock.core.acceptor import Listener
from penstock.core.connection import Connection
from penstock.core.engine import Engine
from penstock.core.reactor import Reactor
from penstock.core.session import Session
from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs
from penstock.log import Log
from penstock.server.access import Guard, Network
from penstock.server.broker import Broker
from penstock.server.limits import HOW_TO_RAISE
from penstock.server.listeners import Door, close_all
from penstock.server.notify import Notifier
from penstock.server.recovery import Recovered, recover
from penstock.server.surroundings import Surroundings

PATIENCE = 4.5  # seconds from the signal to the end, for those who do not read
LOOK = 0.01  # seconds between two looks at what is still unsent
REST = 0.1  # seconds without accepting once descriptors are used up
QUIET_LOOKS = 2  # what arrives between two of them is still answered
MINUTE = 60_000_000_000

# A client can connect as soon as a door is open, and then send us a signal: one that
# came before its handler would end the process.
HELD = {signal.SIGTERM, signal.SIGUSR1}

logger = structlog.get_logger("penstock.server")


def hold_signals() -> None:
    """Let signals wait until the server runs; called before the first door opens."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the server grows to and no further: bytes of a body, clients, bytes of all
    jobs."""

    job_size: int
    connections: int
    memory: int


class Server:
    """One engine, its log, and the doors in front of it."""

    def __init__(
        self,
        doors: list[Door],
        log: Log,
        mode: str,
        clock: Clock,
        bounds: Bounds,
        allow: tuple[Network, ...],
        notifier: Notifier,
        progress: Callable[[int], None] = lambda seq: None,
    ) -> None:
        self.engine = Engine()
        self.engine.policy.max_job_size = bounds.job_size
        self.engine.policy.most_bytes = bounds.memory
        self.log = log
        self.recovered: Recovered | None = None
        if not log.forgets:
            self.recovered = recover(self.engine, log, clock, progress)
        self.broker = Broker(self.engine, log, clock, self._log_failed)
        self.reactor = Reactor(self.engine, bounds.connections, self._mistake)
        self._doors = doors
        self._clock = clock
        self._notifier = notifier
        self._guard = Guard(allow, clock)
        self._verbs = Verbs(self.engine)
        self._listeners = [self._listen(door) for door in doors]
        self.engine.views.surroundings = Surroundings(
            self.broker, self.reactor, self._listeners, clock, mode
        )
        self._ended = asyncio.Event()
        self._farewell: asyncio.Task[None] | None = None
        self._crowded_since = -MINUTE
        self._result = os.EX_OK

    def _listen(self, door: Door) -> Listener:
        guard = None if door.address.is_loopback else self._guard
        listener = Listener(door.socket.fileno(), self._open, guard)
        self.reactor.listen(listener)
        return listener

    def _open(self) -> Session:
        return BeanstalkSession(self.engine, self._verbs)

    # From start to end.

    async def run(self, ready: Callable[[], None]) -> int:
        """Serve until a signal or a failure ends it; give the exit status."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._broken)
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self.stop)
        loop.add_signal_handler(signal.SIGUSR1, self.drain)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
        self.broker.start(self.reactor)
        self.reactor.acceptor.rested = self._rest
        # Nobody is told that we serve before the start itself is durable.
        self.log.finish()
        if self._result == os.EX_OK:
            ready()
            self._notifier.ready()
        await self._ended.wait()
        self._end()
        return self._result

    def _rest(self) -> None:
        """Accept again after a while: there were no descriptors left."""
        self._say_crowded()
        asyncio.get_running_loop().call_later(REST, self._accept_again)

    def _accept_again(self) -> None:
        if self._farewell is None:
            self.reactor.acceptor.resume()

    def _say_crowded(self) -> None:
        now = self._clock.now()
        if now - self._crowded_since >= MINUTE:
            self._crowded_since = now
            logger.warning(
                "no room for more clients",
                connections=self.reactor.connections,
                max_connections=self.reactor.most_connections,
                hint=f"max_connections and the limit of open files: {HOW_TO_RAISE}",
            )

    def drain(self) -> None:
        """Refuse puts from now on; there is no way back."""
        self.engine.policy.draining = True
        logger.info("draining: puts are refused, everything else goes on")

    def stop(self) -> None:
        """Begin to end; the second call ends at once."""
        if self._farewell is not None:
            self._ended.set()
            return
        logger.info("stopping", connections=self.reactor.connections)
        self._notifier.stopping()
        self.engine.policy.draining = True
        self.reactor.acceptor.pause()
        self._close_waiting()
        self._farewell = asyncio.get_running_loop().create_task(self._say_farewell())

    def _close_waiting(self) -> None:
        for session in list(self.engine.matching.sessions.values()):
            link = session.link
            waits = session.waiting and not self._unsent(session)
            if waits and isinstance(link, Connection):
                self.reactor.close(link)
        self.broker.stage()

    def _unsent(self, session: Session) -> bool:
        return session.sendable(self.engine.turn.durable) > 0

    async def _say_farewell(self) -> None:
        """Let replies leave, as long as somebody reads them and PATIENCE lasts."""
        loop = asyncio.get_running_loop()
        last = loop.time() + PATIENCE
        quiet = 0
        while quiet < QUIET_LOOKS and loop.time() < last:
            # Nobody tells when a client has read; this is seldom and short.
            await asyncio.sleep(LOOK)
            quiet = quiet + 1 if self._is_quiet() else 0
        self._ended.set()

    def _is_quiet(self) -> bool:
        turn = self.engine.turn
        sessions = self.engine.matching.sessions.values()
        busy = turn.held or turn.spoken or self.reactor.has_work()
        return not (busy or any(map(self._unsent, sessions)))

    def _end(self) -> None:
        self._notifier.close()
        self.broker.stop()
        self.reactor.shut()
        close_all(self._doors)
        self.log.close()
        if self._result == os.EX_OK:
            jobs = len(self.engine.index.jobs)
            logger.info(
                "stopped", **{"jobs_lost" if self.log.forgets else "jobs": jobs}
            )

    # What goes wrong.

    def _log_failed(self, error: Exception) -> None:
        what = str(error)
        if isinstance(error, OSError) and error.strerror:
            what = f"{error.strerror}: {error.filename or 'the next segment'}"
        logger.critical("the log failed, nothing more is told", error=what)
        self._result = os.EX_IOERR
        self._ended.set()

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Nobody knows what was left undone between a command and its reply: end as a
        crash would, which loses nothing that was acknowledged."""
        self.broker.give_up()
        message = "a mistake of ours ends the server: start it again"
        logger.critical(message, exc_info=context.get("exception"))
        self._result = os.EX_SOFTWARE
        self._ended.set()

    def _mistake(self, error: Exception) -> None:
        logger.error("a mistake of ours ended a connection", exc_info=error)
