"""One process's log after the other on a simulated machine."""

from __future__ import annotations

from random import Random

from penstock.log.file.file_log import FileLog
from penstock.log.file.layout import SECTOR
from penstock.testing.clock import ManualClock
from penstock.testing.log_contract import sample
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import SimMachine

SEGMENT = 4096  # bytes
FIRST, SECOND = "0000000001.log", "0000000002.log"


def new_machine(seed: int = 1) -> SimMachine:
    return SimMachine(Random(seed), ManualClock())


class Life:
    """A log from its start to its end, with what it found and told."""

    def __init__(self, machine: SimMachine, interval: int = 0) -> None:
        self.machine = machine
        self.disk = SimDisk(machine, interval)
        self.log = FileLog(SimFolder(machine), self.disk, SEGMENT)
        self.told: list[int] = []
        self.errors: list[Exception] = []
        self.found: list[int] = []
        self.log.start(self.told.append, self.errors.append)
        self.log.recover(lambda stored: self.found.append(stored.seq))

    def write(self, first: int, last: int) -> None:
        """Write samples of these numbers, and wait for each."""
        for seq in range(first, last + 1):
            self.log.append(sample(seq))
            self.log.finish()

    def rest(self) -> None:
        """Let the disk do all that it was asked for."""
        while self.disk.step(hurried=True):
            self.log.settle()


def damage(machine: SimMachine, name: str, offset: int) -> None:
    """Turn a bit, on the drive and in memory."""
    file = machine.names.memory[name]
    assert not file.unsynced
    file.memory[offset] ^= 1
    file.drive[offset] ^= 1


def frames_of(machine: SimMachine, name: str) -> list[int]:
    """Give the offsets of the frames of a file; samples take one sector each."""
    content = machine.names.memory[name].memory
    starts = range(SECTOR, len(content), SECTOR)
    return [at for at in starts if content[at : at + 4] != bytes(4)]


def written(seed: int = 1, last: int = 3) -> SimMachine:
    """Give a machine on which batches 1 to `last` were written and a kill followed."""
    machine = new_machine(seed)
    Life(machine).write(1, last)
    machine.power_cut()
    return machine
