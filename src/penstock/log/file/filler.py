"""The thread that lets segments come and go, beside the one that writes.

It fills the segments to come with zeros, step by step and each step synced, so that a
batch never waits for more than one of them, and removes those that are not needed.
"""

import os
import signal
import threading

import cython
from cython.cimports.penstock.log.file.calls import (
    EINTR,
    O_CLOEXEC,
    O_CREAT,
    O_TRUNC,
    O_WRONLY,
    await_event,
    close,
    errno,
    fdatasync,
    fstatfs,
    fsync,
    observe,
    openat,
    poll,
    posix_fallocate,
    publish,
    pwrite,
    raise_event,
    statfs,
    unlinkat,
    zeros,
)

from penstock.log.file import DISCARDED, PREPARED, Outcome

if not cython.compiled:
    STEP = 1024 * 1024  # bytes of zeros that are written at once
    MODE_BITS = 0o600

    # What can fail, as an index into CALLS.
    OPENAT = 0
    FALLOCATE = 1
    PWRITE = 2
    FDATASYNC = 3
    FSYNC = 4
    UNLINKAT = 5

CALLS = ("openat", "fallocate", "pwrite", "fdatasync", "fsync", "unlinkat")
# File systems that never overwrite in place: zeros would only be written twice.
COPY_ON_WRITE = (0x9123683E, 0x2FC12FC1)  # btrfs, zfs


@cython.final
@cython.cclass
class Filler:
    """Makes and removes segments in the folder with that descriptor, one thing at a
    time; raises the eventfd `done` when it is over."""

    def __init__(self, folder: int, done: int) -> None:
        self._folder = folder
        self._done = done
        self._filling: tuple[str, str, bytes] | None = None
        told: statfs
        fstatfs(folder, cython.address(told))
        self._sparse = told.f_type in COPY_ON_WRITE
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        if not cython.compiled:  # compiled, all of this is zero already
            self._name = b""
            self._stopping = False
            self._size = self._urgency = 0
            self._asked = self._ended = self._error = self._call = 0
        self._thread = threading.Thread(target=self._run, name="fill", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with cython.nogil:
            self._loop()

    # What the loop's thread does.

    def prepare(self, name: str, size: int) -> None:
        """Make a segment of zeros."""
        self._ask(PREPARED, name, size)

    def discard(self, name: str) -> None:
        """Remove a segment."""
        self._ask(DISCARDED, name, -1)

    def _ask(self, kind: str, name: str, size: int) -> None:
        assert self._filling is None, f"{self._filling} is still going on"
        content: bytes = os.fsencode(name)
        self._filling = (kind, name, content)
        self._name = content
        self._size = size
        self._urgency = 0
        publish(cython.address(self._asked), self._asked + 1)
        raise_event(self._wake)

    def hurry(self, urgency: int) -> None:
        """Tell how soon the segment in preparation is needed: 0 no hurry, 2 at once."""
        self._urgency = urgency

    def outcome(self) -> Outcome | None:
        """Give what has ended, once."""
        ended: cython.ulonglong = observe(cython.address(self._ended))
        if self._filling is None or ended != self._asked:
            return None
        kind, name, _content = self._filling
        call = CALLS[self._call] if self._error else ""
        self._filling = None
        return Outcome(kind, 0, name, self._error, call, 0)

    def stop(self) -> None:
        """Let the thread end after its step."""
        self._stopping = True
        raise_event(self._wake)

    def close(self) -> None:
        """Wait for the end of the thread."""
        self.stop()
        self._thread.join()
        os.close(self._wake)

    # What the thread does.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _loop(self) -> cython.void:
        while not self._stopping:
            await_event(self._wake, -1)
            asked: cython.ulonglong = observe(cython.address(self._asked))
            if self._ended == asked:
                continue
            self._error = self._unlink() if self._size < 0 else self._fill()
            publish(cython.address(self._ended), asked)
            raise_event(self._done)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unlink(self) -> cython.int:
        self._call = UNLINKAT
        if unlinkat(self._folder, self._name, 0):
            return errno
        self._call = FSYNC
        return errno if fsync(self._folder) else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill(self) -> cython.int:
        """Make the file; what could not be made whole is removed again."""
        flags: cython.int = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        self._call = OPENAT
        file: cython.int = openat(self._folder, self._name, flags, MODE_BITS)
        if file < 0:
            return errno
        error: cython.int = self._fill_file(file)
        close(file)
        if error == 0:
            self._call = FSYNC
            error = errno if fsync(self._folder) else 0
        if error:
            unlinkat(self._folder, self._name, 0)
        return error

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill_file(self, file: cython.int) -> cython.int:
        self._call = FALLOCATE
        at: cython.longlong = 0
        if self._sparse:
            failed: cython.int = posix_fallocate(file, 0, self._size)
            if failed:
                return failed
            at = self._size
        while at < self._size:
            step: cython.longlong = min(self._size - at, STEP)
            self._call = PWRITE
            count: cython.Py_ssize_t = pwrite(file, zeros(), step, at)
            if count < 0 and errno != EINTR:
                return errno
            if count > 0:
                at += count
            self._call = FDATASYNC
            if fdatasync(file):
                return errno
            if self._rest():
                return EINTR
        self._call = FDATASYNC
        return errno if fdatasync(file) else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rest(self) -> cython.int:
        """Leave the disk to the batches for a while; tell whether all is to end."""
        wait: cython.int = 20 if self._urgency == 0 else 4 if self._urgency == 1 else 0
        if wait and not self._stopping:
            poll(cython.NULL, 0, wait)
        return self._stopping
