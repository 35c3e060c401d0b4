"""Which segments there are: those that count, the one that grows, those to come.

Two segments are always prepared ahead, where the disk has room: puts are refused before
either is needed, so that whatever frees space has somewhere to be written.
"""

from collections import deque
from dataclasses import dataclass

from penstock.log.file.layout import SECTOR, segment_name

SMALLEST = 4 * 1024 * 1024  # bytes that a segment is made with, at the least
SHARE = 16  # parts of the whole log that one segment may be
SPARE = 2  # segments that are prepared ahead


@dataclass(slots=True)
class Segment:
    """A segment that was begun. `first` and `last` are numbers of batches; `end` is
    where the next frame goes, `size` what its file has, `made` what it was filled to.
    """

    number: int
    first: int
    last: int
    end: int
    size: int
    made: int

    @property
    def name(self) -> str:
        """Give the name of its file."""
        return segment_name(self.number)


class Segments:
    """`kept` are in order, the last one grows. `ready` have a file of zeros, `gone` are
    no longer needed and still have a file.

    `size` is what the next one is made with: a sixteenth of what the log may have, so
    that spares and what is half empty leave room for what is alive.
    """

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.size = min(largest, SMALLEST)
        self.kept: list[Segment] = []
        self.ready: deque[tuple[int, int]] = deque()
        self.gone: deque[Segment] = deque()
        self.last_number = 0

    @property
    def current(self) -> Segment:
        """Give the one that grows."""
        return self.kept[-1]

    @property
    def oldest(self) -> int:
        """Give the number of the first one that is still needed."""
        return self.kept[0].number if self.kept else 1

    def next_number(self) -> int:
        """Give the number of the segment to prepare next."""
        return self.last_number + 1

    def fit(self, most: int) -> None:
        """Choose the size for a log that may have so many bytes."""
        share = most // SHARE // SECTOR * SECTOR
        self.size = min(self.largest, max(SMALLEST, share))

    def add_ready(self, number: int, size: int) -> None:
        """Note a segment that was prepared."""
        self.ready.append((number, size))
        self.last_number = number

    def fits(self, frame: int) -> bool:
        """Tell whether a frame of that size still has its place in the current one."""
        return self.current.end + frame <= self.current.size

    def begin(self, first: int, frame: int) -> Segment:
        """Let the next prepared segment be the current one; a large frame makes it
        larger than it was made."""
        number, made = self.ready.popleft()
        size = max(made, SECTOR + frame)
        self.kept.append(Segment(number, first, first - 1, SECTOR, size, made))
        return self.current

    def trim(self, upto_seq: int) -> None:
        """Let go of whole segments, oldest first, whose batches are all up to that."""
        while len(self.kept) > 1 and self.kept[0].last <= upto_seq:
            self.gone.append(self.kept.pop(0))

    def on_disk(self) -> int:
        """Count the bytes of all files, those that are about to go included."""
        begun = sum(each.size for each in (*self.kept, *self.gone))
        return begun + sum(size for _number, size in self.ready)

    def written(self) -> int:
        """Count the bytes of frames in what is kept, headers included."""
        return sum(each.end for each in self.kept)

    def owed(self) -> int:
        """Count the bytes of spares that are still to be made; those that are there may
        be smaller than what they are needed for now."""
        return max(0, self.size * SPARE - sum(size for _number, size in self.ready))

    def allocated(self) -> int:
        """Count the bytes of the files that are to stay, spares to come included. Those
        that are there may be larger than they would be made now."""
        spares = sum(size for _number, size in self.ready) + self.owed()
        return sum(each.size for each in self.kept) + spares
