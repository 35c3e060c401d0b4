"""The threads that write: compiled only, and wholly without the interpreter's lock.

One thread writes batches and syncs them; it waits on an eventfd and answers on another,
which the loop watches. A thread that needed the lock would wait for it a hundred times
longer than a sync takes. A second thread fills the segments to come with zeros, step by
step and each step synced, and removes those that are no longer needed.

The loop's thread fills in a command and wakes the thread; it touches none of it again
until the thread has counted it as ended.
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import cython
from cython.cimports.penstock.log.file.calls import (
    CLOCK_MONOTONIC,
    EINTR,
    O_CLOEXEC,
    O_CREAT,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
    clock_gettime,
    close,
    errno,
    eventfd_read,
    eventfd_t,
    eventfd_write,
    fdatasync,
    fstatfs,
    fsync,
    iovec,
    observe,
    openat,
    poll,
    pollfd,
    posix_fallocate,
    publish,
    pwrite,
    pwritev,
    statfs,
    timespec,
    unlinkat,
)

from penstock.errors import LogError
from penstock.log.file import DISCARDED, PREPARED, SYNCED, WRITTEN, Outcome
from penstock.log.file.layout import MARK

if not cython.compiled:
    MOST_PARTS = 4
    STEP = 1024 * 1024  # bytes of zeros that are written at once
    MODE_BITS = 0o600
    NEVER_SYNC = 1 << 62
    ZEROS = b""

    # What can fail, as an index into CALLS.
    PWRITEV = 0
    FDATASYNC = 1
    OPENAT = 2
    FALLOCATE = 3
    FSYNC = 4
    UNLINKAT = 5

CALLS = ("pwritev", "fdatasync", "openat", "fallocate", "fsync", "unlinkat")
# File systems that never overwrite in place: zeros would only be written twice.
COPY_ON_WRITE = (0x9123683E, 0x2FC12FC1)  # btrfs, zfs


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _moment() -> cython.longlong:
    """Give nanoseconds of a clock that only goes forward."""
    time: timespec
    clock_gettime(CLOCK_MONOTONIC, cython.address(time))
    return cython.cast(cython.longlong, time.tv_sec) * 1000000000 + time.tv_nsec


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _await(event: cython.int, milliseconds: cython.int) -> cython.bint:
    """Wait for an eventfd to be raised, and lower it."""
    wait: pollfd
    count: eventfd_t
    wait.fd = event
    wait.events = POLLIN
    wait.revents = 0
    poll(cython.address(wait), 1, milliseconds)
    if wait.revents & POLLIN == 0:
        return False
    eventfd_read(event, cython.address(count))
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _raise(event: cython.int) -> cython.void:
    eventfd_write(event, 1)


@cython.final
@cython.cclass
class Disk:
    """Writes into the segments of a folder; see `penstock.log.file.Disk`."""

    def __init__(self, path: Path, interval: int = 0) -> None:
        self.path = path
        self.interval = interval
        self._files: dict[str, int] = {}
        self._writing: tuple[int, str] | None = None
        self._parts: tuple[bytes, ...] = ()
        self._filling: tuple[str, str, bytes] | None = None
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        told: statfs
        fstatfs(self._folder, cython.address(told))
        self._sparse = told.f_type in COPY_ON_WRITE
        flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
        self._done = os.eventfd(0, flags)
        self._write_wake = os.eventfd(0, flags)
        self._fill_wake = os.eventfd(0, flags)
        self._dirty = -1
        if not cython.compiled:  # compiled, all of this is zero already
            self._vector: list[Any] = [iovec] * MOST_PARTS
            self._name = b""
            self._closed = self._stopping = False
            self._file = self._offset = self._count = self._size = 0
            self._asked = self._ended = self._error = self._call = 0
            self._took = self._synced = self._told = self._late_error = 0
            self._late_took = self._at_once = 0
            self._seq = self._dirty_seq = self._dirty_since = self._urgency = 0
            self._fill_asked = self._fill_ended = 0
            self._fill_error = self._fill_call = 0
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True)
            for name, loop in (("write", self._run_write), ("fill", self._run_fill))
        ]
        for thread in self._threads:
            thread.start()

    def _run_write(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with cython.nogil:
            self._write_loop()

    def _run_fill(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with cython.nogil:
            self._fill_loop()

    # What the loop's thread does.

    def fileno(self) -> int:
        """Give what to wait on."""
        return self._done

    def write(self, seq: int, name: str, offset: int, parts: tuple[bytes, ...]) -> None:
        """Write the parts one behind the other; `outcomes` tells when they are."""
        assert self._writing is None, f"{self._writing} is still in flight"
        assert len(parts) <= MOST_PARTS, len(parts)
        if self._closed:
            raise LogError("write", name, hint="the disk is closed")
        self._keep_open(name)
        self._parts = parts  # so that their memory stays
        i: cython.int = 0
        for part in parts:
            content: bytes = part
            start: cython.p_char = cython.cast(cython.p_char, content)
            self._vector[i].iov_base = start
            self._vector[i].iov_len = len(content)
            i += 1
        self._count = i
        self._file = self._files[name]
        self._offset = offset
        self._seq = seq
        self._at_once = self.interval == 0 or name == MARK
        self._writing = (seq, name)
        publish(cython.address(self._asked), self._asked + 1)
        _raise(self._write_wake)

    def _keep_open(self, name: str) -> None:
        """Open a file on first use. The one that was written before stays open until
        the write after the next, when its sync is long over."""
        if name in self._files:
            return
        flags = os.O_WRONLY | os.O_CLOEXEC
        file = os.open(self.path / name, flags)
        segments = [each for each in self._files if each.endswith(".log")]
        for old in segments[: len(segments) - 1]:
            os.close(self._files.pop(old))
        self._files[name] = file

    def prepare(self, name: str, size: int) -> None:
        """Make a segment of zeros; one thing at a time."""
        self._ask_filler(PREPARED, name, size)

    def discard(self, name: str) -> None:
        """Remove a segment; one thing at a time."""
        if name in self._files:  # open, it would keep its room
            os.close(self._files.pop(name))
        self._ask_filler(DISCARDED, name, -1)

    def _ask_filler(self, kind: str, name: str, size: int) -> None:
        assert self._filling is None, f"{self._filling} is still going on"
        content: bytes = os.fsencode(name)
        self._filling = (kind, name, content)
        self._name = content
        self._size = size
        self._urgency = 0
        publish(cython.address(self._fill_asked), self._fill_asked + 1)
        _raise(self._fill_wake)

    def hurry(self, urgency: int) -> None:
        """Tell how soon the segment in preparation is needed: 0 no hurry, 2 at once."""
        self._urgency = urgency

    def outcomes(self) -> list[Outcome]:
        """Give what has ended, in order; each once."""
        _await(self._done, 0)
        ended: list[Outcome] = []
        synced: cython.ulonglong = observe(cython.address(self._synced))
        if synced > self._told:
            self._told = synced
            error, call = self._late_error, CALLS[FDATASYNC]
            ended.append(Outcome(SYNCED, synced, "", error, call, self._late_took))
        if (
            self._writing is not None
            and observe(cython.address(self._ended)) == self._asked
        ):
            seq, name = self._writing
            kind = SYNCED if self._at_once else WRITTEN
            call = CALLS[self._call] if self._error else ""
            self._writing, self._parts = None, ()
            ended.append(Outcome(kind, seq, name, self._error, call, self._took))
        if (
            self._filling is not None
            and observe(cython.address(self._fill_ended)) == self._fill_asked
        ):
            kind, name, _content = self._filling
            call = CALLS[self._fill_call] if self._fill_error else ""
            self._filling = None
            ended.append(Outcome(kind, 0, name, self._fill_error, call, 0))
        return ended

    def wait(self) -> None:
        """Block until there is an outcome."""
        wait: pollfd
        wait.fd = self._done
        wait.events = POLLIN
        with cython.nogil:
            poll(cython.address(wait), 1, -1)

    def close(self) -> None:
        """Finish what is in flight, sync what was written, end the threads."""
        if self._closed:
            return
        self._closed = True
        self._stopping = True
        _raise(self._write_wake)
        _raise(self._fill_wake)
        for thread in self._threads:
            thread.join()
        for file in (*self._files.values(), self._folder):
            os.close(file)
        for event in (self._done, self._write_wake, self._fill_wake):
            os.close(event)

    # What the writing thread does.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _write_loop(self) -> cython.void:
        while not (self._stopping and self._is_idle()):
            _await(self._write_wake, self._patience())
            if not self._is_idle():
                self._perform()
            if self._dirty >= 0 and self._patience() == 0:
                self._sync_late()
        if self._dirty >= 0 and self._late_error == 0:
            self._sync_late()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_idle(self) -> cython.bint:
        return observe(cython.address(self._asked)) == self._ended

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _patience(self) -> cython.int:
        """Count milliseconds until what was written is to be synced; -1 is never."""
        if self._dirty < 0 or self.interval >= NEVER_SYNC:
            return -1
        left: cython.longlong = self._dirty_since + self.interval - _moment()
        return cython.cast(cython.int, (left + 999999) // 1000000) if left > 0 else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _perform(self) -> cython.void:
        """Write the command's parts; sync them where every write is."""
        # A segment is durable before anything stands in the next one.
        if self._dirty >= 0 and self._dirty != self._file:
            self._sync_late()
        self._error = self._late_error
        self._call = FDATASYNC
        if self._error == 0 and self._write_all():
            if self._at_once:
                begun: cython.longlong = _moment()
                if fdatasync(self._file):
                    self._error = errno
                    self._call = FDATASYNC
                self._took = _moment() - begun
            else:
                if self._dirty < 0:
                    self._dirty_since = _moment()
                self._dirty = self._file
                self._dirty_seq = self._seq
        publish(cython.address(self._ended), self._asked)
        _raise(self._done)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _write_all(self) -> cython.bint:
        """Write all parts; a short write goes on where it ended."""
        at: cython.int = 0
        offset: cython.longlong = self._offset
        while at < self._count:
            count: cython.Py_ssize_t = pwritev(
                self._file, cython.address(self._vector[at]), self._count - at, offset
            )
            if count < 0 and errno == EINTR:
                continue
            if count < 0:
                self._error = errno
                self._call = PWRITEV
                return False
            offset += count
            while at < self._count and count >= cython.cast(
                cython.Py_ssize_t, self._vector[at].iov_len
            ):
                count -= self._vector[at].iov_len
                at += 1
            if at < self._count:
                self._vector[at].iov_base = (
                    cython.cast(cython.p_char, self._vector[at].iov_base) + count
                )
                self._vector[at].iov_len -= count
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sync_late(self) -> cython.void:
        """Sync what was written before; a sync that fails is never repeated."""
        begun: cython.longlong = _moment()
        if fdatasync(self._dirty):
            self._late_error = errno
        self._late_took = _moment() - begun
        self._dirty = -1
        publish(cython.address(self._synced), self._dirty_seq)
        _raise(self._done)

    # What the filling thread does.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill_loop(self) -> cython.void:
        while not self._stopping:
            _await(self._fill_wake, -1)
            asked: cython.ulonglong = observe(cython.address(self._fill_asked))
            if self._fill_ended == asked:
                continue
            self._fill_error = self._unlink() if self._size < 0 else self._fill()
            publish(cython.address(self._fill_ended), asked)
            _raise(self._done)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unlink(self) -> cython.int:
        self._fill_call = UNLINKAT
        if unlinkat(self._folder, self._name, 0):
            return errno
        self._fill_call = FSYNC
        return errno if fsync(self._folder) else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill(self) -> cython.int:
        """Make the file; what could not be made whole is removed again."""
        flags: cython.int = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        self._fill_call = OPENAT
        file: cython.int = openat(self._folder, self._name, flags, MODE_BITS)
        if file < 0:
            return errno
        error: cython.int = self._fill_file(file)
        close(file)
        if error == 0:
            self._fill_call = FSYNC
            error = errno if fsync(self._folder) else 0
        if error:
            unlinkat(self._folder, self._name, 0)
        return error

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill_file(self, file: cython.int) -> cython.int:
        self._fill_call = FALLOCATE
        at: cython.longlong = 0
        if self._sparse:
            failed: cython.int = posix_fallocate(file, 0, self._size)
            if failed:
                return failed
            at = self._size
        while at < self._size:
            step: cython.longlong = min(self._size - at, STEP)
            self._fill_call = PWRITEV
            count: cython.Py_ssize_t = pwrite(file, ZEROS, step, at)
            if count < 0 and errno != EINTR:
                return errno
            if count > 0:
                at += count
            self._fill_call = FDATASYNC
            if fdatasync(file):
                return errno
            if self._rest():
                return EINTR
        self._fill_call = FDATASYNC
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
