"""One process of the server on a simulated machine: from recovery to its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.core.engine import Engine
from penstock.core.images import Images
from penstock.core.reactor import Reactor
from penstock.log import Batch, Sink, Stored
from penstock.log.file import Disk, Folder
from penstock.log.file.file_log import FileLog
from penstock.log.file.scan import Torn
from penstock.server.broker import Broker
from penstock.server.recovery import recover
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.world import World

MOST_BATCHES = 20_000  # of one process; one that writes more never ends


@dataclass(frozen=True)
class Sizes:
    """Bytes of a segment, of a log that is not compacted, and of one turn's share of
    the compaction; nanoseconds until a write is synced."""

    segment: int
    most_idle: int
    least_step: int
    interval: int


@dataclass
class Written:
    """What was handed to the log, in all processes: batches by their number."""

    batches: dict[int, Stored] = field(default_factory=dict)
    last: int = 0

    def add(self, batch: Batch) -> None:
        """Note a batch; those that had its number, or a later one, are gone."""
        for seq in range(batch.seq, self.last + 1):
            del self.batches[seq]
        self.last = batch.seq
        numbers = (batch.now, batch.wall, batch.next_id, batch.count)
        self.batches[batch.seq] = Stored(0, batch.seq, *numbers, batch.payload())


class WitnessedLog(FileLog):
    """The file log, with somebody who looks on: `written` is what it was handed,
    `found` what it gave back."""

    def __init__(
        self, folder: Folder, disk: Disk, segment_size: int, written: Written
    ) -> None:
        super().__init__(folder, disk, segment_size)
        self.written = written
        self.found: list[Stored] = []
        self.has_begun = False
        self.pieces: set[int] = set()

    @property
    def recovered(self) -> int:
        """Give the last batch that was found."""
        return self.found[-1].seq if self.found else 0

    def recover(self, sink: Sink) -> None:
        """Note what is handed over."""

        def witness(stored: Stored) -> None:
            self.found.append(stored)
            sink(stored)

        super().recover(witness)

    def append(self, batch: Batch) -> None:
        """Note what is written."""
        self.has_begun = True
        assert batch.seq - self.recovered < MOST_BATCHES, "it writes without end"
        self.written.add(batch)
        super().append(batch)
        self.pieces.add(self.piece())


class SimServer:
    """Engine, broker and log in a world: what a process has while it lives."""

    def __init__(self, world: World, sizes: Sizes, written: Written) -> None:
        self.failures: list[Exception] = []
        self.engine = Engine()
        self.disk = SimDisk(world.machine, sizes.interval)
        self.log = WitnessedLog(
            SimFolder(world.machine), self.disk, sizes.segment, written
        )
        self.reactor = Reactor(self.engine, 1, self.failures.append)
        self.broker: Broker | None = None
        self.is_checked = False
        self.is_clean = False
        self.torn: Torn | None = None
        self._world = world
        self._sizes = sizes

    def __str__(self) -> str:
        log = self.log
        return f"found {log.recovered}, torn {self.torn}, wrote to {log.written.last}"

    def start(self) -> Broker:
        """Recover, and serve once the start itself is durable."""
        world = self._world
        recovered = recover(self.engine, self.log, world.clock, lambda seq: None)
        self.is_clean = recovered.clean
        broker = Broker(self.engine, self.log, world.clock, self.failures.append)
        broker.upkeep.compactor.most_idle = self._sizes.most_idle
        broker.upkeep.compactor.least_step = self._sizes.least_step
        broker.upkeep.compactor.unseen = self._sizes.segment // 4
        self.broker = broker
        with world.loop.running():
            broker.start(self.reactor)
        self.log.finish()
        return broker

    def image(self) -> bytes:
        """Give the engine's state."""
        return Images(self.engine.store).snapshot()

    def compactions(self) -> int:
        """Count the segments that were compacted away."""
        return 0 if self.broker is None else self.broker.upkeep.compactor.compactions
