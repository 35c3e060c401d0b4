"""A data folder on a real file system, in calls that wait.

What a name stands for is durable once file and folder are synced, in this order. A sync
that fails is never repeated: the kernel reports it once and then believes that all is
well (fsyncgate, 2018).
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from penstock.errors import LogBusy
from penstock.log.file.layout import LOCK, QUARANTINE

STEP = 1024 * 1024  # bytes of zeros written at once
TEMPORARY = ".new"  # behind the name of what is not complete
MODE = 0o600
FOLDER_MODE = 0o700
SIGNATURE = 12  # bytes of the lock that name its owner
TRIES = 5
BETWEEN_TRIES = 0.05  # seconds


class FileFolder:
    """The folder at a path; `create` makes it where it is not there.

    `reading` opens everything for reading alone: nothing is made or changed.
    """

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        self.path = path
        self._reading = reading
        self._locked = -1

    def make(self) -> None:
        """Make the folder and those above it, each durable in the one above."""
        missing = [
            each for each in (self.path, *self.path.parents) if not each.exists()
        ]
        for folder in reversed(missing):
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            _sync(folder.parent)
        if not missing:
            _sync(self.path.parent)  # who made it may have been killed before this

    def lock(self) -> None:
        """Own the folder until `close`; raises LogBusy where another server does."""
        if self._locked >= 0:
            return
        path = self.path / LOCK
        flags = os.O_RDONLY if self._reading else os.O_RDWR | os.O_CREAT
        self._locked = os.open(path, flags | os.O_CLOEXEC, MODE)
        if self._take():
            return
        owner = os.pread(self._locked, SIGNATURE, 0).decode(errors="replace").strip()
        self.close()
        hint = f"its process is {owner or 'starting'}: stop it, or name another folder"
        raise LogBusy("lock", str(self.path), hint=hint)

    def _take(self) -> bool:
        """Try for a moment: who only looks whether a server is there soon lets go."""
        for again in range(TRIES):
            try:
                fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if again < TRIES - 1:
                    time.sleep(BETWEEN_TRIES)
            else:
                return True
        return False

    def sign(self) -> None:
        """Note in the lock who owns the folder, for whoever finds it taken."""
        # In place and always as long, so that a full disk is no obstacle.
        os.pwrite(self._locked, f"{os.getpid():>{SIGNATURE - 1}}\n".encode(), 0)

    def names(self) -> list[str]:
        """List the files, sorted; the quarantine's are not among them."""
        return sorted(each.name for each in os.scandir(self.path) if each.is_file())

    def kept(self) -> list[str]:
        """List the files of the quarantine, sorted."""
        found = (self.path / QUARANTINE).glob("*-*.cut")
        names = (each.name for each in found if each.name[:10].isdecimal())
        return sorted(QUARANTINE + name for name in names)

    def size(self, name: str) -> int:
        """Give a file's size in bytes."""
        return (self.path / name).stat().st_size

    def distrust(self, name: str) -> None:
        """Sync a file and forget what memory holds of it: what is read from now on is
        what the disk has."""
        file = self._open(name, os.O_RDONLY)
        try:
            # What a killed server wrote is still on its way. What could not be written
            # is clean to the kernel, and goes with the cache.
            os.fdatasync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)

    def read(self, name: str, offset: int, count: int) -> bytes:
        """Read so many bytes, fewer at the end of the file."""
        file = self._open(name, os.O_RDONLY)
        try:
            return _read(file, offset, count)
        finally:
            os.close(file)

    def create(self, name: str, size: int) -> None:
        """Make a file of zeros, file and folder synced; a leftover is replaced."""
        file = self._open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            for offset in range(0, size, STEP):
                _write(file, offset, bytes(min(STEP, size - offset)))
            os.fsync(file)
        finally:
            os.close(file)
        self.sync()

    def write(self, name: str, offset: int, content: bytes) -> None:
        """Overwrite bytes of a file that is there, and sync it."""
        file = self._open(name, os.O_WRONLY)
        try:
            _write(file, offset, content)
            os.fdatasync(file)
        finally:
            os.close(file)

    def replace(self, name: str, content: bytes) -> None:
        """Make a file have this content, all or nothing, file and folder synced."""
        path = self.path / name
        if name.startswith(QUARANTINE) and not path.parent.exists():
            path.parent.mkdir(mode=FOLDER_MODE)
            self.sync()
        try:
            self._fill(name + TEMPORARY, content)
        except OSError:
            # Half of it is of no use, and may be what fills the disk.
            with contextlib.suppress(FileNotFoundError):
                self.remove(name + TEMPORARY)
            raise
        os.rename(f"{path}{TEMPORARY}", path)
        _sync(path.parent)

    def _fill(self, name: str, content: bytes) -> None:
        file = self._open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            _write(file, 0, content)
            os.fsync(file)
        finally:
            os.close(file)

    def remove(self, name: str) -> None:
        """Remove a file; the folder is synced later, by `sync`."""
        (self.path / name).unlink()

    def sync(self) -> None:
        """Sync the folder itself: which names there are."""
        _sync(self.path)

    def room(self) -> int:
        """Count the bytes that this user may still write there."""
        told = os.statvfs(self.path)
        free = told.f_bfree if os.geteuid() == 0 else told.f_bavail
        return free * told.f_frsize

    def close(self) -> None:
        """Give the lock back."""
        if self._locked >= 0:
            os.close(self._locked)
            self._locked = -1

    def _open(self, name: str, flags: int) -> int:
        return os.open(self.path / name, flags | os.O_CLOEXEC, MODE)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: int, offset: int, count: int) -> bytes:
    """Read to the end of what was asked for: one call may give less."""
    first = os.pread(file, count, offset)
    if len(first) in (0, count):
        return first
    pieces = [first]
    have = len(first)
    while have < count:
        piece = os.pread(file, count - have, offset + have)
        if not piece:
            break
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)


def _write(file: int, offset: int, content: bytes) -> None:
    """Write everything: one call may take less."""
    view = memoryview(content)
    while view:
        count = os.pwrite(file, view, offset)
        view, offset = view[count:], offset + count
