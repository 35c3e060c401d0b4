"""The file log: segments in a folder, written and synced by a thread of its own.

A data folder holds `lock`, `store` (which store this is, and its format), `mark` (how
far the log was sealed), the segments `0000000001.log` and on, and `quarantine/`, where
bytes go that were cut off. `layout` knows how they look, `scan` how to read them back
and what to believe, `folder` and `disk` are the only ones that touch files.
"""

from dataclasses import dataclass
from typing import Protocol

# What an outcome tells about.
WRITTEN = "written"  # a write has returned; the machine may still forget it
SYNCED = "synced"  # everything up to that write is on stable storage
PREPARED = "prepared"  # a new segment is there, full of zeros, on stable storage
DISCARDED = "discarded"  # a segment's file is gone


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of something that a Disk was asked to do.

    `error` is an errno, 0 for success; `call` the system call that it comes from.
    `seq` is the batch's number for WRITTEN and SYNCED, `name` the file for the others.
    `took` is how long the last system call lasted, in nanoseconds.
    """

    kind: str
    seq: int
    name: str
    error: int
    call: str
    took: int


class Folder(Protocol):
    """A data folder, in calls that wait: for starting, looking, repairing.

    Each raises the OSError of the system call that failed. Names are relative and may
    begin with `quarantine/`.
    """

    def lock(self) -> None:
        """Own the folder until `close`; raises LogBusy where another server does."""

    def sign(self) -> None:
        """Note in the lock who owns the folder, for whoever finds it taken."""

    def names(self) -> list[str]:
        """List the files, sorted; the quarantine's are not among them."""

    def kept(self) -> list[str]:
        """List the files of the quarantine, sorted."""

    def size(self, name: str) -> int:
        """Give a file's size in bytes."""

    def distrust(self, name: str) -> None:
        """Sync a file and forget what memory holds of it: what is read from now on is
        what the disk has."""

    def read(self, name: str, offset: int, count: int) -> bytes:
        """Read so many bytes, fewer at the end of the file."""

    def create(self, name: str, size: int) -> None:
        """Make a file of zeros, file and folder synced; a leftover is replaced."""

    def write(self, name: str, offset: int, content: bytes) -> None:
        """Overwrite bytes of a file that is there, and sync it."""

    def replace(self, name: str, content: bytes) -> None:
        """Make a file have this content, all or nothing, file and folder synced."""

    def remove(self, name: str) -> None:
        """Remove a file; the folder is synced later, by `sync`."""

    def sync(self) -> None:
        """Sync the folder itself: which names there are."""

    def room(self) -> int:
        """Count the bytes that this user may still write there."""

    def close(self) -> None:
        """Give the lock back."""


class Disk(Protocol):
    """Threads that write: one for batches, one for segments to come and to go.

    Nothing here waits. One write is in flight at a time; `outcomes` tells what has
    ended since it was last called, and `fileno` is readable when there is something.
    With `interval` 0 a write ends with SYNCED; else with WRITTEN, and a SYNCED without
    a name follows within that many nanoseconds, or never where it is NEVER. What goes
    to another file waits for that. The mark is synced at once, whatever the interval.
    """

    interval: int

    def fileno(self) -> int:
        """Give what to wait on; -1 where somebody else drives the disk."""

    def write(self, seq: int, name: str, offset: int, parts: tuple[bytes, ...]) -> None:
        """Write the parts one behind the other into a segment."""

    def prepare(self, name: str, size: int) -> None:
        """Make a segment of zeros, step by step; one at a time."""

    def hurry(self, urgency: int) -> None:
        """Tell how soon the segment in preparation is needed: 0 no hurry, 2 at once."""

    def discard(self, name: str) -> None:
        """Remove a segment; its outcome comes once the folder is synced."""

    def outcomes(self) -> list[Outcome]:
        """Give what has ended, in order; each once."""

    def wait(self) -> None:
        """Block until there is an outcome; only while starting and stopping."""

    def close(self) -> None:
        """Finish what is in flight, sync what was written, end the threads."""


NEVER = 1 << 62  # nanoseconds: an interval after which nobody waits any more
