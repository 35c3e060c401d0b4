"""Damage done to data folders, and what a start makes of it: counted.

    python -m penstock.testing.corruption [SHARE]

Every truncation of a tail, every bit of a sealed segment, and structured damage by
chance. A start may recover everything, refuse with file and offset, or cut off what was
never durable. It may not lose what was durable, alter a batch, or refuse what is only
torn. SHARE is the n-th part of the cases that is tried; without it, all.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from penstock.clock import Clock
from penstock.errors import FormatError, LogCorrupt, PenstockError
from penstock.log import Stored
from penstock.log.file import NEVER
from penstock.log.file.file_log import FileLog
from penstock.log.file.layout import LOCK, MARK, SECTOR, STORE, segment_name
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
TAIL = 16 * 1024  # bytes that are truncated everywhere
SEALED = 8 * 1024  # bytes of frames of which every bit is turned
STRUCTURED = 20_000  # cases
FRAMES = (300, 900, 1400, 300, 1900, 900, 300, 900)  # bytes of the batches in SEALED

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


# Damage: each kind gives the damaged files, case after case.


def with_bytes(files: Files, name: str, offset: int, content: bytes) -> Files:
    """Overwrite bytes of one file."""
    old = files[name]
    return {**files, name: old[:offset] + content + old[offset + len(content) :]}


def _tail(interval: int) -> Writer:
    """A segment that ends in TAIL bytes of frames; what is before them is durable."""
    writer = Writer(interval, segment=4 * TAIL)
    writer.write(300, 900, 300)
    writer.seal()
    frames = (1900, 300, 900, 4500)  # half of TAIL
    writer.write(*frames, *frames)
    return writer


def _zeroed_from(files: Files) -> Iterator[Files]:
    name = segment_name(1)
    end = len(files[name].rstrip(b"\0"))
    end += -end % SECTOR
    for at in range(end - TAIL, end + 1):
        yield {**files, name: files[name][:at].ljust(len(files[name]), b"\0")}


def torn_tails() -> tuple[Original, Iterator[Files]]:
    """Frames that no sync has covered, zeros from each byte on."""
    writer = _tail(NEVER)
    original = writer.original(durable=0)
    return original, _zeroed_from(original.files)


def sealed_tails() -> tuple[Original, Iterator[Files]]:
    """The same frames, durable and sealed."""
    writer = _tail(0)
    writer.seal()
    original = writer.original(durable=len(writer.sizes))
    return original, _zeroed_from(original.files)


def short_files() -> tuple[Original, Iterator[Files]]:
    """A segment's file that really ends at each byte of its tail."""
    writer = _tail(0)
    writer.seal()
    original = writer.original(durable=len(writer.sizes))
    name = segment_name(1)
    whole = original.files[name]
    first = len(whole) - TAIL
    ends = range(first, len(whole))
    return original, ({**original.files, name: whole[:end]} for end in ends)


def torn_growth() -> tuple[Original, Iterator[Files]]:
    """A batch larger than its segment, whose file had grown to each of these bytes."""
    writer = Writer()
    writer.write(300, 900)
    before = writer.original(durable=2).files[MARK]
    writer.write(SEGMENT + TAIL - SECTOR - 200)
    original = writer.original(durable=2)
    original.files[MARK] = before  # the machine dies before the mark tells of it
    name = segment_name(2)
    whole = original.files[name]
    ends = range(len(whole) - TAIL, len(whole) + 1)
    return original, ({**original.files, name: whole[:end]} for end in ends)


def _bits(original: Original, name: str, start: int, count: int) -> Iterator[Files]:
    content = original.files[name]
    for bit in range(8 * start, 8 * (start + count)):
        turned = bytes([content[bit // 8] ^ 1 << bit % 8])
        yield with_bytes(original.files, name, bit // 8, turned)


def _sealed() -> Original:
    """Two segments, the last one with SEALED bytes of frames."""
    writer = Writer(segment=SECTOR + SEALED)
    writer.write(900, 3000, 3000, *FRAMES)
    writer.seal()
    return writer.original(durable=len(writer.sizes))


def bits_of_frames() -> tuple[Original, Iterator[Files]]:
    """Each bit of the frames of a sealed segment."""
    original = _sealed()
    return original, _bits(original, segment_name(2), SECTOR, SEALED)


def bits_of_an_older_segment() -> tuple[Original, Iterator[Files]]:
    """Each bit of a segment that another one follows, its header included."""
    original = _sealed()
    return original, _bits(original, segment_name(1), 0, SECTOR + SEALED)


def bits_of_small_parts() -> tuple[Original, Iterator[Files]]:
    """Each bit of the last segment's header, of `mark` and of `store`."""
    original = _sealed()

    def cases() -> Iterator[Files]:
        yield from _bits(original, segment_name(2), 0, SECTOR)
        for name in (MARK, STORE):
            yield from _bits(original, name, 0, len(original.files[name]))

    return original, cases()


# Structured damage.


def _history() -> tuple[Writer, Files, Original]:
    """A folder with four segments in use and two to come, and what it was before."""
    writer = Writer()
    sizes = (300, 900, 1400, 2500, 4000, 300, 5000, 900)
    writer.write(*sizes)
    writer.seal()
    writer.fill()
    before = files_of(writer.machine)
    for _ in range(3):
        writer.write(*sizes)
    writer.log.trim(writer.log.usage().trimmable)
    writer.write(300, 900)
    writer.seal()
    writer.fill()
    first = writer.log.usage().oldest
    return writer, before, writer.original(len(writer.sizes), first)


class Damage:
    """Structured damage by chance; each method gives damaged files.

    `before` is the folder at an earlier time, `other` one of another store.
    """

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        _writer, self.before, self.original = _history()
        self.other = _history()[2].files
        self.files = self.original.files
        used = {name for name, content in self.files.items() if content.strip(b"\0")}
        self.segments = sorted(name for name in used if name.endswith(".log"))

    def _sector(self, name: str) -> int:
        """Choose a sector, more often one that holds something."""
        content = self.files[name]
        end = len(content.rstrip(b"\0")) + SECTOR
        return self.chance.randrange(max(1, min(end, len(content)) // SECTOR)) * SECTOR

    def _place(self) -> tuple[str, int]:
        name = self.chance.choice([*self.segments, *self.segments, MARK])
        return name, self._sector(name)

    def _two(self) -> tuple[str, str]:
        one, other = self.chance.sample(self.segments, 2)
        return one, other

    def zeroed_sector(self) -> Files:
        """One sector, or a run of them, is zeros."""
        name, at = self._place()
        count = min(
            self.chance.choice((1, 1, 2, 8)) * SECTOR, len(self.files[name]) - at
        )
        return with_bytes(self.files, name, at, bytes(count))

    def garbage_sector(self) -> Files:
        """One sector holds noise."""
        name, at = self._place()
        return with_bytes(self.files, name, at, self.chance.randbytes(SECTOR))

    def swapped_sectors(self) -> Files:
        """Two sectors of segments have changed places, of one or of two.

        A sector of `mark` is not among them: with the newest seal, and the last batch,
        which it alone vouches for, both witnesses would be gone at once.
        """
        one, other = self.chance.choices(self.segments, k=2)
        at, to = self._sector(one), self._sector(other)
        first = self.files[one][at : at + SECTOR]
        second = self.files[other][to : to + SECTOR]
        return with_bytes(with_bytes(self.files, one, at, second), other, to, first)

    def stale_sector(self) -> Files:
        """A sector is as it was before, in its own file or where another one was."""
        name, at = self._place()
        source = self.chance.choice(sorted(self.before))
        if name in self.before and self.chance.random() < 0.5:
            source = name
        old = self.before[source][at : at + SECTOR]
        return with_bytes(self.files, name, at, old.ljust(SECTOR, b"\0"))

    def foreign_sector(self) -> Files:
        """A sector comes from the same place of another store."""
        name, at = self._place()
        return with_bytes(self.files, name, at, self.other[name][at : at + SECTOR])

    def misplaced_frames(self) -> Files:
        """Sectors are copied elsewhere, in their own file or in another one."""
        (one, at), (other, to) = self._place(), self._place()
        count = self.chance.randint(1, 12) * SECTOR
        content = self.files[one][at : at + count]
        return with_bytes(self.files, other, to, content[: len(self.files[other]) - to])

    def duplicated_segment(self) -> Files:
        """A segment is there a second time, in the place of another or behind all."""
        one = self.chance.choice(self.segments)
        names = [*self.files, segment_name(self.chance.randint(1, 20))]
        wanted = [name for name in names if name.endswith(".log")]
        return {**self.files, self.chance.choice(wanted): self.files[one]}

    def foreign_segment(self) -> Files:
        """A segment comes from another store."""
        name = self.chance.choice(self.segments)
        return {**self.files, name: self.other[name]}

    def missing_segment(self) -> Files:
        """A segment is gone."""
        gone = self.chance.choice(self.segments)
        return {name: content for name, content in self.files.items() if name != gone}

    def exchanged_segments(self) -> Files:
        """Two segments have each other's name."""
        one, other = self._two()
        return {**self.files, one: self.files[other], other: self.files[one]}

    def short_segment(self) -> Files:
        """A segment's file ends early."""
        name = self.chance.choice(self.segments)
        end = self.chance.randrange(len(self.files[name]))
        return {**self.files, name: self.files[name][:end]}

    def kinds(self) -> list[Callable[[], Files]]:
        """List the kinds of damage."""
        return [
            self.zeroed_sector,
            self.garbage_sector,
            self.swapped_sectors,
            self.stale_sector,
            self.foreign_sector,
            self.misplaced_frames,
            self.duplicated_segment,
            self.foreign_segment,
            self.missing_segment,
            self.exchanged_segments,
            self.short_segment,
        ]


# Counting.

Series = Callable[[], tuple[Original, Iterator[Files]]]

SERIES: dict[str, tuple[Series, bool]] = {
    "tail torn": (torn_tails, False),
    "tail zeroed, sealed": (sealed_tails, True),
    "file cut short": (short_files, True),
    "growing file torn": (torn_growth, False),
    "bits of a sealed segment": (bits_of_frames, True),
    "bits of an older segment": (bits_of_an_older_segment, True),
    "bits of header, mark, store": (bits_of_small_parts, True),
}


def count_series(name: str, share: int = 1) -> Counter[str]:
    """Try every n-th case of a series."""
    make, may_refuse = SERIES[name]
    original, cases = make()
    return Counter(
        judge(original, files, may_refuse=may_refuse)
        for files in islice(cases, 0, None, share)
    )


def count_structured(count: int = STRUCTURED, seed: int = 1) -> dict[str, Counter[str]]:
    """Try structured damage of each kind in turn, and go on where one may."""
    damage = Damage(Random(seed))  # noqa: S311
    kinds = damage.kinds()
    counted: dict[str, Counter[str]] = {kind.__name__: Counter() for kind in kinds}
    for n in range(count):
        kind = kinds[n % len(kinds)]
        files = kind()
        verdict = judge(damage.original, files)
        if verdict in (RECOVERED, TORN) and not goes_on(damage.original, files):
            verdict = LOST
        counted[kind.__name__][verdict] += 1
    return counted


def table(share: int = 1) -> Iterator[str]:
    """Try everything; give the lines of the table as they are known."""
    yield f"{'damage':28}" + "".join(f"{each:>13}" for each in VERDICTS)
    wrong = 0
    for name in SERIES:
        counted = count_series(name, share)
        wrong += sum(counted[each] for each in WRONG)
        yield _line(name, counted)
    for name, counted in count_structured(STRUCTURED // share).items():
        wrong += sum(counted[each] for each in WRONG)
        yield _line(name.replace("_", " "), counted)
    yield f"wrong: {wrong}"


def _line(name: str, counted: Counter[str]) -> str:
    return f"{name:28}" + "".join(f"{counted[each]:>13,}" for each in VERDICTS)


def main(arguments: list[str]) -> int:
    """Print the table; fail if anything is wrong."""
    last = ""
    for last in table(int(arguments[0]) if arguments else 1):
        print(last, flush=True)  # noqa: T201
    return 0 if last == "wrong: 0" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
