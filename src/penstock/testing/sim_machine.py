"""Kernel and drive of a machine with one data folder, for `SimFolder` and `SimDisk`.

Those two are what one process of ours has of it. A power cut and a kill end that
process: whatever it still calls does not return. Every system call is counted by its
name and may be told to fail, or to be the last.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from random import Random
from typing import Protocol

from penstock.clock import Clock
from penstock.testing.page_cache import File, Names

QUARANTINE = "quarantine/"
UNBOUNDED = 1 << 50  # bytes of a drive that never fills
NONE = -1  # calls until the process ends, where it does not


class ProcessEnded(BaseException):
    """The process has ended: this system call never returned."""


class Disk(Protocol):
    """What the machine knows of a process: what it has open, and that a write may be
    in flight."""

    def break_off(self) -> None:
        """The process ends: of that write the kernel may have a beginning."""

    def held(self) -> list[File]:
        """Give the files that this process has open."""


class SimMachine:
    """Kernel and drive.

    `lies` is the share of file syncs, `forgets` the share of folder syncs that say they
    are done and do nothing: a mistake to be found. `calls` counts the system calls of
    the process that runs, `fired` lists the faults that came true, `lost` counts what
    power cuts and failed syncs have taken.
    """

    def __init__(
        self, chance: Random, clock: Clock, *, capacity: int = UNBOUNDED
    ) -> None:
        self.chance = chance
        self.clock = clock
        self.capacity = capacity
        self.names = Names()
        self.process = 0
        self.holder: object = None
        self.calls: Counter[str] = Counter()
        self.fired: list[tuple[str, int]] = []
        self.lost = 0
        self.skipped = 0
        self.lies = 0.0
        self.forgets = 0.0
        self.stale = b""
        self._faults: dict[tuple[str, int], int] = {}
        self._short: dict[tuple[str, int], int] = {}
        self._left = NONE
        self._disk: Disk | None = None

    # What the test decides.

    def fail(self, call: str, n: int = 1, error: int = errno.EIO) -> None:
        """Let the n-th such call from now on fail."""
        self._faults[call, self.calls[call] + n] = error

    def shorten(self, call: str, n: int = 1, count: int = 512) -> None:
        """Let the n-th such write from now on take no more than so many bytes."""
        self._short[call, self.calls[call] + n] = count

    def end_process_after(self, calls: int) -> None:
        """Let so many calls return, and the process end within the next one."""
        self._left = calls

    def power_cut(self) -> None:
        """End the process, and lose what no sync has taken to the drive."""
        self._end_process()
        self.lost += self.names.settle(self.chance)
        self.names.forget()
        for file in self.names.drive.values():
            self.lost += file.settle(self.chance)
            file.forget()

    def kill(self) -> None:
        """End the process alone: what it wrote, the kernel has.

        Of what is held for clean and is not, memory may be gone at any time.
        """
        self._end_process()
        for file in self.names.memory.values():
            if not file.unsynced and self.chance.random() < 0.5:
                file.forget()

    def _end_process(self) -> None:
        if self._disk is not None:
            self._disk.break_off()
        self.process += 1
        self.holder = None
        self._disk = None
        self.calls.clear()
        self._faults.clear()
        self._short.clear()
        self._left = NONE

    def take_disk(self, disk: Disk) -> None:
        """Note whose write is in flight when the process ends."""
        assert self._disk is None, "a process has one disk"
        self._disk = disk

    # What is there, for tests to look at.

    def quarantined(self) -> dict[str, bytes]:
        """Give what lies in quarantine."""
        found = sorted(self.names.memory.items())
        return {n: bytes(f.memory) for n, f in found if n.startswith(QUARANTINE)}

    def used(self) -> int:
        """Count the bytes of all files, those included that have lost their name and
        are still open."""
        held = [] if self._disk is None else self._disk.held()
        files = {id(file): file for file in (*self.names.memory.values(), *held)}
        return sum(len(file.memory) for file in files.values())

    # System calls.

    def call(self, name: str, process: int) -> None:
        """Enter a system call, or fail it, or let the process end here."""
        if process != self.process or self._left == 0:
            raise ProcessEnded(name)
        self._left -= 1
        self.calls[name] += 1
        error = self._faults.pop((name, self.calls[name]), 0)
        if error:
            self.fired.append((name, error))
            raise OSError(error, os.strerror(error), name)

    def open_file(self, name: str, process: int) -> File:
        """Open a file that is there."""
        self.call("openat", process)
        file = self.names.memory.get(name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return file

    def create_file(self, name: str, process: int) -> File:
        """Open a new file, in the place of one that has that name."""
        self.call("openat", process)
        self._keep_stale(name)
        file = File(self.stale)
        self.names.change({name: file})
        return file

    def _keep_stale(self, name: str) -> None:
        """What a file held may show in the next one that gets its place."""
        file = self.names.memory.get(name)
        if file is not None and file.drive:
            self.stale = bytes(file.drive)

    def write(
        self, call: str, file: File, offset: int, content: bytes, process: int
    ) -> int:
        """Write; give the number of bytes that were taken."""
        if self._left == 0 and process == self.process:
            self.write_beginning(file, offset, content)
        self.call(call, process)
        count = self._short.pop((call, self.calls[call]), len(content))
        growth = offset + count - len(file.memory)
        if growth > 0 and self.capacity < UNBOUNDED:
            count -= max(0, growth - max(0, self.capacity - self.used()))
        if count <= 0 < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), call)
        file.write(offset, content[:count])
        return min(count, len(content))

    def write_beginning(self, file: File, offset: int, content: bytes) -> None:
        """A process ended within this write."""
        file.write(offset, content[: self.chance.randint(0, len(content))])

    def sync_file(self, call: str, file: File, process: int) -> None:
        """Sync a file. Where that fails its pages are clean, and the drive has what
        chance gave it."""
        try:
            self.call(call, process)
        except OSError:
            self.lost += file.settle(self.chance)
            raise
        if self.lies and self.chance.random() < self.lies:
            self.skipped += 1
        else:
            file.sync()

    def sync_names(self, process: int) -> None:
        """Sync the folder."""
        self.call("fsync", process)
        if self.forgets and self.chance.random() < self.forgets:
            self.skipped += 1
        else:
            self.names.sync()

    def rename(self, old: str, new: str, process: int) -> None:
        """Give a file another name, in the place of the file that had it."""
        self.call("rename", process)
        self._keep_stale(new)
        self.names.change({old: None, new: self.names.memory[old]})

    def unlink(self, call: str, name: str, process: int) -> None:
        """Take a name away."""
        self.call(call, process)
        if name not in self.names.memory:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        self._keep_stale(name)
        self.names.change({name: None})
