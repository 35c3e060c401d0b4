"""Engine and log without a loop: each batch is durable before anything else happens."""

from __future__ import annotations

from random import Random

from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.log.file.file_log import FileLog
from penstock.server.compactor import Compactor
from penstock.server.recovery import recover
from penstock.testing import ManualClock, SimDisk, SimFolder, SimMachine
from tests.core.story import ALWAYS, Story

SMALL = 64 * 1024  # bytes of a segment
START = 1_700_000_000 * 10**9  # nanoseconds


class Keeper(Story):
    """A story whose batches go to a file log, on a machine that can be restarted."""

    def __init__(self, machine=None) -> None:
        super().__init__()
        self.clock = ManualClock(wall=START)
        self.machine = machine or SimMachine(Random(1), self.clock)
        self.progress: list[int] = []
        self.begin()

    def begin(self) -> None:
        """Start on what the machine has."""
        self.engine = Engine()
        self.engine.turn.durable = ALWAYS
        self.engine.views.surroundings = lambda: {"max-job-size": 65535}
        self.log = FileLog(SimFolder(self.machine), SimDisk(self.machine, 0), SMALL)
        self.errors: list[Exception] = []
        self.log.start(lambda seq: None, self.errors.append)
        self.found = recover(self.engine, self.log, self.clock, self.progress.append)
        self.engine.turn.durable = ALWAYS
        self.compactor = Compactor(self.engine, self.log)
        self._read = 0

    def keep(self) -> int:
        """Make durable what was staged, as the broker does; give the batch's number."""
        full = self.engine.turn.swap(Batch())
        full.now, full.wall = self.engine.turn.now, self.clock.wall()
        full.next_id = self.engine.store.next_id
        self.log.append(full)
        self.engine.store.home = self.log.piece()
        self.log.finish()
        self._read = 0
        return int(full.seq)

    def end(self) -> None:
        """End in order."""
        if self.engine.turn.batch.count:
            self.keep()
        self.engine.turn.batch.seal()
        self.keep()
        self.log.seal()
        self.log.close()

    def crash(self) -> None:
        """The power goes."""
        self.machine.power_cut()

    def image(self) -> bytes:
        return Images(self.engine.store).snapshot()
