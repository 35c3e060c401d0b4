"""Files as a machine has them: what is on the drive, and what only memory knows.

A write reaches memory; a sync takes it to the drive. A power cut keeps what is on the
drive and, of what is not synced, whatever chance says: a sector of 512 bytes is written
whole or not at all, in any order and in any of the versions that it has had. A sync
that fails is a power cut that memory survives: what has not reached the drive is held
for clean, the next sync has nothing to do, and reads go on telling of it.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

SECTOR = 512  # bytes that a drive writes whole or not at all
SHARES = (0.0, 1.0, 0.5, 0.5, 0.1, 0.9)  # how much of what is unsynced survives


def pieces(offset: int, content: bytes) -> list[tuple[int, bytes]]:
    """Cut a write where sectors begin."""
    first = SECTOR - offset % SECTOR
    cuts = [0, *range(first, len(content), SECTOR), len(content)]
    return [(offset + a, content[a:b]) for a, b in pairwise(cuts)]


def overwrite(target: bytearray, offset: int, content: bytes) -> None:
    """Write into bytes that grow where they have to."""
    if offset > len(target):
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(content)] = content


class File:
    """Bytes on the drive, bytes in memory, and the writes that make the difference.

    `stale` is what the drive had there before: a file that grew without being synced
    may show it after a power cut.
    """

    def __init__(self, stale: bytes = b"") -> None:
        self.drive = bytearray()
        self.memory = bytearray()
        self.unsynced: list[tuple[int, bytes]] = []
        self._stale = stale

    def read(self, offset: int, count: int) -> bytes:
        """Give what memory has."""
        return bytes(self.memory[offset : offset + count])

    def write(self, offset: int, content: bytes) -> None:
        """Change what memory has."""
        overwrite(self.memory, offset, content)
        self.unsynced.append((offset, content))

    def sync(self) -> None:
        """Take everything to the drive."""
        for offset, content in self.unsynced:
            overwrite(self.drive, offset, content)
        self.unsynced.clear()

    def settle(self, chance: Random) -> int:
        """Let some of the unsynced sectors reach the drive, and the others never; give
        the number of those."""
        if not self.unsynced:
            return 0
        size = self._size_on_drive(chance)
        self.drive += self._stale[len(self.drive) : len(self.memory)]
        self.drive += bytes(max(0, len(self.memory) - len(self.drive)))
        lost = 0
        share = chance.choice(SHARES)
        for versions in self._versions().values():
            kept = len(versions)
            if chance.random() >= share:
                kept = int(chance.random() * kept)
                lost += 1
            for offset, content in versions[:kept]:
                overwrite(self.drive, offset, content)
        del self.drive[size:]
        self.unsynced.clear()
        return lost

    def _size_on_drive(self, chance: Random) -> int:
        least, most = len(self.drive), len(self.memory)
        if most <= least:
            return least
        return chance.choice((least, most, chance.randint(least, most)))

    def _versions(self) -> dict[int, list[tuple[int, bytes]]]:
        """List what was written to each sector, oldest first."""
        versions: dict[int, list[tuple[int, bytes]]] = {}
        for offset, content in self.unsynced:
            for piece in pieces(offset, content):
                versions.setdefault(piece[0] // SECTOR, []).append(piece)
        return versions

    def forget(self) -> None:
        """Drop what memory has; nothing may be unsynced."""
        assert not self.unsynced, "memory holds what the drive has not"
        self.memory = bytearray(self.drive)


Change = dict[str, File | None]


class Names:
    """The entries of a folder, on the drive and in memory.

    A change sets names to files, or to None where a name goes away; what one change
    does happens at once. Unsynced changes survive a power cut as chance says.
    """

    def __init__(self) -> None:
        self.drive: dict[str, File] = {}
        self.memory: dict[str, File] = {}
        self.unsynced: list[Change] = []

    def change(self, change: Change) -> None:
        """Change what memory has."""
        self._apply(self.memory, change)
        self.unsynced.append(change)

    def _apply(self, entries: dict[str, File], change: Change) -> None:
        for name, file in change.items():
            if file is None:
                entries.pop(name, None)
            else:
                entries[name] = file

    def sync(self) -> None:
        """Take everything to the drive."""
        for change in self.unsynced:
            self._apply(self.drive, change)
        self.unsynced.clear()

    def settle(self, chance: Random) -> int:
        """Let some of the unsynced changes reach the drive, and the others never; give
        the number of those."""
        share = chance.choice(SHARES)
        kept = [c for c in self.unsynced if chance.random() < share]
        lost = len(self.unsynced) - len(kept)
        self.unsynced = kept
        self.sync()
        return lost

    def forget(self) -> None:
        """Drop what memory has; nothing may be unsynced."""
        assert not self.unsynced, "memory holds what the drive has not"
        self.memory = dict(self.drive)
