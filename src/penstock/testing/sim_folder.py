"""A data folder on a simulated machine: the protocol `Folder`, in calls that wait."""

from __future__ import annotations

from penstock.errors import LogBusy
from penstock.testing.page_cache import File
from penstock.testing.sim_machine import QUARANTINE, SimMachine

LOCK = "lock"


class SimFolder:
    """A data folder, in calls that wait."""

    def __init__(self, machine: SimMachine) -> None:
        self._machine = machine
        self._process = machine.process

    def lock(self) -> None:
        """Own the folder until `close`, or until the process ends."""
        machine = self._machine
        if LOCK not in machine.names.memory:
            machine.create_file(LOCK, self._process)
        machine.call("flock", self._process)
        if machine.holder is not None:
            raise LogBusy("lock", LOCK, hint="another process of this machine has it")
        machine.holder = self

    def sign(self) -> None:
        """Note in the lock who owns the folder."""
        file = self._machine.open_file(LOCK, self._process)
        self._machine.write("pwrite", file, 0, b"1\n", self._process)

    def names(self) -> list[str]:
        """List the files."""
        self._machine.call("getdents64", self._process)
        names = sorted(self._machine.names.memory)
        return [name for name in names if not name.startswith(QUARANTINE)]

    def kept(self) -> list[str]:
        """List the files of the quarantine."""
        self._machine.call("getdents64", self._process)
        names = sorted(self._machine.names.memory)
        found = (name for name in names if name.startswith(QUARANTINE))
        return [name for name in found if name.endswith(".cut")]

    def size(self, name: str) -> int:
        """Give a file's size."""
        return len(self._machine.open_file(name, self._process).memory)

    def distrust(self, name: str) -> None:
        """Sync a file and forget what memory holds of it."""
        file = self._machine.open_file(name, self._process)
        self._machine.sync_file("fdatasync", file, self._process)
        self._machine.call("fadvise64", self._process)
        if not file.unsynced:  # what is not synced stays, whoever says it is
            file.forget()

    def read(self, name: str, offset: int, count: int) -> bytes:
        """Read so many bytes, fewer at the end of the file."""
        file = self._machine.open_file(name, self._process)
        self._machine.call("pread64", self._process)
        return file.read(offset, count)

    def create(self, name: str, size: int) -> None:
        """Make a file of zeros, file and folder synced."""
        file = self._machine.create_file(name, self._process)
        self._write_all(file, 0, bytes(size))
        self._machine.sync_file("fsync", file, self._process)
        self._machine.sync_names(self._process)

    def write(self, name: str, offset: int, content: bytes) -> None:
        """Overwrite bytes of a file that is there, and sync it."""
        file = self._machine.open_file(name, self._process)
        self._write_all(file, offset, content)
        self._machine.sync_file("fdatasync", file, self._process)

    def replace(self, name: str, content: bytes) -> None:
        """Make a file have this content, all or nothing."""
        new = name + ".new"
        file = self._machine.create_file(new, self._process)
        self._write_all(file, 0, content)
        self._machine.sync_file("fsync", file, self._process)
        self._machine.rename(new, name, self._process)
        self._machine.sync_names(self._process)

    def _write_all(self, file: File, offset: int, content: bytes) -> None:
        while content:
            done = self._machine.write("pwrite", file, offset, content, self._process)
            offset, content = offset + done, content[done:]

    def remove(self, name: str) -> None:
        """Remove a file; the folder is synced later."""
        self._machine.unlink("unlink", name, self._process)

    def sync(self) -> None:
        """Sync the folder itself."""
        self._machine.sync_names(self._process)

    def room(self) -> int:
        """Count the bytes that may still be written."""
        self._machine.call("statfs", self._process)
        return max(0, self._machine.capacity - self._machine.used())

    def close(self) -> None:
        """Give the lock back."""
        if self._machine.process == self._process and self._machine.holder is self:
            self._machine.holder = None
