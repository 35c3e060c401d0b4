"""What a start makes of a damaged folder, held against what the folder was."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from penstock.clock import Clock
from penstock.errors import FormatError, LogCorrupt, PenstockError
from penstock.log import Stored
from penstock.log.file.file_log import FileLog
from penstock.log.file.layout import LOCK
from penstock.log.file.scan import Scan
from penstock.testing.clock import ManualClock
from penstock.testing.log_contract import is_same, sample
from penstock.testing.page_cache import File
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import SimMachine

RECOVERED = "recovered"  # every batch, as it was
TORN = "torn"  # what is missing was never durable, and is cut off
NAMED = "refused, ids"  # with file, offset, and the jobs that it may concern
REFUSED = "refused"  # with file and offset; which jobs there were cannot be known
LOST = "LOST"  # a durable batch is missing, and nobody says so
ALTERED = "ALTERED"  # a batch came back that was never written so
VAGUE = "VAGUE"  # refused without file or offset, or something was changed before
NEEDLESS = "NEEDLESS"  # refused, though only what was not durable is damaged
WRONG = (LOST, ALTERED, VAGUE, NEEDLESS)
VERDICTS = (RECOVERED, TORN, NAMED, REFUSED, *WRONG)

SEGMENT = 16 * 1024  # bytes

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Original:
    """A folder as it was: its files, its batches from `first` on, and the last one that
    is known to be durable."""

    files: Files
    first: int
    sizes: tuple[int, ...]
    durable: int

    def is_beginning(self, found: list[Stored]) -> bool:
        """Tell whether those are the first of its batches, unaltered."""
        wanted = [sample(n, size) for n, size in enumerate(self.sizes, self.first)]
        return len(found) <= len(wanted) and all(map(is_same, found, wanted))


def machine_with(files: Files) -> SimMachine:
    """Make a machine whose drive has these files."""
    machine = SimMachine(Random(1), ManualClock())  # noqa: S311
    for name, content in files.items():
        file = File()
        file.drive, file.memory = bytearray(content), bytearray(content)
        machine.names.memory[name] = machine.names.drive[name] = file
    return machine


def files_of(machine: SimMachine) -> Files:
    """Give what a machine's memory has, but for the lock."""
    found = machine.names.memory.items()
    return {name: bytes(file.memory) for name, file in found if name != LOCK}


class Writer:
    """Writes a folder, a sample after the other."""

    def __init__(self, interval: int = 0, segment: int = SEGMENT) -> None:
        clock: Clock = ManualClock()
        self.machine = SimMachine(Random(1), clock)  # noqa: S311
        disk = SimDisk(self.machine, interval)
        self.log = FileLog(SimFolder(self.machine), disk, segment)
        self.sizes: list[int] = []

    def write(self, *sizes: int) -> None:
        """Append batches of these sizes."""
        for size in sizes:
            self.sizes.append(size)
            self.log.append(sample(len(self.sizes), size))
            self.log.finish()

    def seal(self) -> None:
        """Note how far the log is durable."""
        self.log.seal()
        self.log.finish()

    def fill(self) -> None:
        """Let segments come and go until there is nothing to do."""
        while self.log.disk.is_busy():  # type: ignore[attr-defined]
            self.log.disk.step(hurried=True)  # type: ignore[attr-defined]
            self.log.settle()

    def original(self, durable: int, first: int = 1) -> Original:
        """Give the folder as it is now."""
        sizes = tuple(self.sizes[first - 1 :])
        return Original(files_of(self.machine), first, sizes, durable)


# The verdict.


def judge(original: Original, files: Files, *, may_refuse: bool = True) -> str:
    """Start on the damaged files, and tell what came of it."""
    machine = machine_with(files)
    try:
        found = list(Scan(SimFolder(machine)).batches())
    except (LogCorrupt, FormatError) as error:
        changed = files_of(machine) != files
        return VAGUE if changed else _refused(error, may_refuse=may_refuse)
    if not original.is_beginning(found):
        return ALTERED
    if len(found) == len(original.sizes):
        return RECOVERED
    return TORN if original.first + len(found) > original.durable else LOST


def _refused(error: PenstockError, *, may_refuse: bool) -> str:
    if getattr(error, "path", None) is None or getattr(error, "offset", None) is None:
        return VAGUE
    if not may_refuse:
        return NEEDLESS
    return NAMED if "jobs" in str(error) else REFUSED


def goes_on(original: Original, files: Files) -> bool:
    """Tell whether a server can go on there: what it found and what it then wrote is
    what the next one finds."""
    machine = machine_with(files)
    log = FileLog(SimFolder(machine), SimDisk(machine, 0), SEGMENT)
    found = list(log.read(1))
    fresh = sample(original.first + len(found))
    log.append(fresh)
    log.finish()
    machine.power_cut()
    again = list(Scan(SimFolder(machine)).batches())
    same = original.is_beginning(again[:-1]) and len(again) == len(found) + 1
    return same and is_same(again[-1], fresh)


def with_bytes(files: Files, name: str, offset: int, content: bytes) -> Files:
    """Overwrite bytes of one file."""
    old = files[name]
    return {**files, name: old[:offset] + content + old[offset + len(content) :]}
