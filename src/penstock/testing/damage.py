"""Structured damage to a data folder: sectors and segments that are not in their place.

Each kind is what a disk, a file system or a person may do: it loses, repeats, exchanges
or brings back what was there before.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from penstock.log.file.layout import MARK, SECTOR, segment_name
from penstock.testing.verdicts import Files, Original, Writer, files_of, with_bytes


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
