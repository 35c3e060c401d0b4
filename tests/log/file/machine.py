"""A file log on a simulated machine, driven to the end of each step."""

from __future__ import annotations

from random import Random

from penstock.log import Stored
from penstock.log.file.file_log import FileLog
from penstock.testing import ManualClock
from penstock.testing.log_contract import sample
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import SimMachine

SMALL = 64 * 1024  # bytes of a segment
THIRD = 20 * 1024  # bytes of a batch of which three fit


class ToldLog(FileLog):
    """A file log that keeps what it tells."""

    def __init__(self, folder, disk, size) -> None:
        super().__init__(folder, disk, size)
        self.told: list[int] = []
        self.errors: list[Exception] = []
        self.recovered: list[Stored] = []


def new_machine(**bounds):
    return SimMachine(Random(1), ManualClock(), **bounds)


def open_log(machine, interval=0, size=SMALL):
    """Open a log that keeps what it tells in `told` and `errors`."""
    log = ToldLog(SimFolder(machine), SimDisk(machine, interval), size)
    log.start(log.told.append, log.errors.append)
    log.recover(log.recovered.append)
    return log


def write(log, first, last, size=20):
    """Append samples, each durable before the next; give them."""
    batches = [sample(seq, size) for seq in range(first, last + 1)]
    for batch in batches:
        log.append(batch)
        log.finish()
    return batches


def drive(log, machine):
    """Let everything happen that is under way."""
    while log.disk.is_busy():
        log.disk.step(hurried=True)
        log.settle()


def contents(machine):
    """Give every file's bytes, but the lock's."""
    found = machine.names.memory.items()
    return {name: bytes(file.memory) for name, file in found if name != "lock"}


def change(machine, name, offset, content):
    """Overwrite what drive and memory have of a file."""
    file = machine.names.memory[name]
    file.sync()
    file.write(offset, content)
    file.sync()


def restart(machine):
    """The process ends, and what the kernel has stays."""
    for file in machine.names.memory.values():
        file.sync()
    machine.names.sync()
    machine.kill()
