"""The thread that writes: compiled only, and wholly without the interpreter's lock.

One thread writes batches and syncs them; it waits on an eventfd and answers on another,
which the loop watches. A thread that needed the lock would wait for it a hundred times
longer than a sync takes. A second thread, the filler, lets segments come and go.

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
    POLLIN,
    await_event,
    clock_gettime,
    errno,
    fdatasync,
    iovec,
    observe,
    poll,
    pollfd,
    publish,
    pwritev,
    raise_event,
    timespec,
)

from penstock.errors import LogError
from penstock.log.file import SYNCED, WRITTEN, Outcome
from penstock.log.file.filler import Filler
from penstock.log.file.layout import MARK

if not cython.compiled:
    MOST_PARTS = 4
    NEVER_SYNC = 1 << 62

    # What can fail, as an index into CALLS.
    PWRITEV = 0
    FDATASYNC = 1

CALLS = ("pwritev", "fdatasync")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _moment() -> cython.longlong:
    """Give nanoseconds of a clock that only goes forward."""
    time: timespec
    clock_gettime(CLOCK_MONOTONIC, cython.address(time))
    return cython.cast(cython.longlong, time.tv_sec) * 1000000000 + time.tv_nsec


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
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
        self._done = os.eventfd(0, flags)
        self._wake = os.eventfd(0, flags)
        self._dirty = -1
        if not cython.compiled:  # compiled, all of this is zero already
            self._vector: list[Any] = [iovec] * MOST_PARTS
            self._closed = self._stopping = False
            self._file = self._offset = self._count = 0
            self._asked = self._ended = self._error = self._call = 0
            self._took = self._synced = self._told = self._late_error = 0
            self._late_took = self._at_once = 0
            self._seq = self._dirty_seq = self._dirty_since = 0
        self._filler = Filler(self._folder, self._done)
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with cython.nogil:
            self._loop()

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
        raise_event(self._wake)

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
        self._filler.prepare(name, size)

    def discard(self, name: str) -> None:
        """Remove a segment; one thing at a time."""
        if name in self._files:  # open, it would keep its room
            os.close(self._files.pop(name))
        self._filler.discard(name)

    def hurry(self, urgency: int) -> None:
        """Tell how soon the segment in preparation is needed: 0 no hurry, 2 at once."""
        self._filler.hurry(urgency)

    def outcomes(self) -> list[Outcome]:
        """Give what has ended, in order; each once."""
        await_event(self._done, 0)
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
        filled = self._filler.outcome()
        if filled is not None:
            ended.append(filled)
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
        self._filler.stop()
        raise_event(self._wake)
        self._thread.join()
        self._filler.close()
        for file in (*self._files.values(), self._folder, self._done, self._wake):
            os.close(file)

    # What the writing thread does.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _loop(self) -> cython.void:
        while not (self._stopping and self._is_idle()):
            await_event(self._wake, self._patience())
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
        raise_event(self._done)

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
        raise_event(self._done)
