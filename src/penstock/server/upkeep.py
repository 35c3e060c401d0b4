"""What is done for the log between commits: it is kept small, and somebody looks how
much room it has."""

import asyncio
from collections.abc import Callable

from penstock.core.engine import Engine
from penstock.log import Log
from penstock.server.compactor import Compactor
from penstock.server.room import Room

LOOK_AGAIN = 1.0  # seconds until somebody else may have made room
FRAMED = 600  # bytes that a batch of few events takes beside them, in whole sectors
SECTOR = 512
NOBODY_LOOKED = 1 << 40  # bytes


class Upkeep:
    """`stage` lets what was staged here be committed soon; `coming` counts the bytes
    that are on their way to the log."""

    def __init__(
        self,
        engine: Engine,
        log: Log,
        stage: Callable[[], None],
        coming: Callable[[], int],
    ) -> None:
        self.compactor = Compactor(engine, log)
        self._engine = engine
        self._turn = engine.turn
        self._log = log
        self._stage = stage
        self._coming = coming
        self._room = Room(engine)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._own = 0  # bytes of the batch that collects, written here
        self._fresh = 0
        self._unseen = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin in the running loop."""
        self._loop = loop
        self.look()
        self._unseen = NOBODY_LOOKED  # at what the first batch takes

    def rest(self) -> None:
        """Begin nothing any more: the end is near."""
        self.compactor.rest()

    def leave(self) -> None:
        """Leave the loop."""
        if self._looking is not None:
            self._looking.cancel()

    def wrote(self, size: int) -> None:
        """Note a batch of so many bytes of events."""
        own, self._own = self._own, 0
        # What is written here is no reason to write more, nor is its frame.
        if size > own or not own:
            self._fresh += (size - own + FRAMED) // SECTOR * SECTOR

    def tend(self, seq: int) -> None:
        """Do a share of the work; everything through that batch is durable."""
        fresh, self._fresh = self._fresh, 0
        self._unseen += fresh
        self.compactor.appended += fresh
        if (
            self.compactor.durable(seq)
            or self._unseen > self.compactor.unseen
            or self._engine.policy.room <= 0
            or self.compactor.has_shrunk()
        ):
            self.look()
        if self.compactor.busy:
            self._compact(fresh)
        self.compactor.followers.tell()

    def _compact(self, fresh: int) -> None:
        self._own += self.compactor.step(fresh)
        # What held nothing any more can go at once: no batch may come to say so.
        if self.compactor.durable(self._turn.durable):
            self.look()
        # What is carried over goes on with its commit; else nobody would call again.
        if (
            self.compactor.busy
            and not self._turn.batch.count
            and self._loop is not None
        ):
            self._loop.call_soon(self.compact_on)

    def compact_on(self) -> None:
        """Go on with what is begun, though no batch has come."""
        if self.compactor.busy and self._loop is not None:
            self._compact(0)
            self._stage()

    def look(self) -> None:
        """See what room there is, and whether the log is too large."""
        self._unseen = 0
        usage = self._log.usage()
        self._room.see(usage, self._coming() + self.compactor.aside())
        self._log.limit(self.compactor.most())
        self.compactor.look(usage)
        # Who is refused says nothing that would let anybody look again.
        if self.compactor.lacks_room(usage) and self._looking is None:
            assert self._loop is not None
            self._looking = self._loop.call_later(LOOK_AGAIN, self._look_again)

    def _look_again(self) -> None:
        """There was no room: see whether somebody has made some."""
        self._looking = None
        self.look()
        self.compact_on()
