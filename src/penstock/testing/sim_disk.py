"""The disk of a simulated machine: the protocol `Disk`, moved step by step.

Nothing moves by itself: `step` lets one of the two threads make one system call.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from penstock.errors import LogError
from penstock.log.file import DISCARDED, NEVER, PREPARED, SYNCED, WRITTEN, Outcome
from penstock.log.file.layout import MARK
from penstock.testing.page_cache import File
from penstock.testing.sim_machine import SimMachine

STRIDE = 1024 * 1024  # bytes of zeros that are written at once
USUAL = 100_000  # nanoseconds that a system call seems to take
Steps = Iterator[None]  # one system call a step


class SimDisk:
    """Two threads that make a system call when they are told to.

    One writes batches, the other lets segments come and go. With an interval, what is
    written is synced at some moment before that interval is over, `sync_at`, or before
    anything is written to another file. A sync that failed is never repeated.
    """

    def __init__(self, machine: SimMachine, interval: int) -> None:
        self.interval = interval
        self.sync_at = NEVER
        self._machine = machine
        self._chance = machine.chance
        self._process = machine.process
        self._open: dict[str, File] = {}
        self._outcomes: list[Outcome] = []
        self._writing = False  # until its outcome has been taken, as `_filling`
        self._filling = False
        self._writer: Steps | None = None
        self._filler: Steps | None = None
        self._flying: tuple[str, int, bytes] | None = None
        self._dirty: File | None = None
        self._dirty_seq = 0
        self._late: OSError | None = None
        self._urgency = 0
        self._closed = False
        machine.take_disk(self)

    def fileno(self) -> int:
        """Somebody else drives this disk."""
        return -1

    # What is asked.

    def write(self, seq: int, name: str, offset: int, parts: tuple[bytes, ...]) -> None:
        """Write the parts one behind the other into a segment."""
        assert not self._writing, "one write is in flight at a time"
        self._refuse_if_closed(name)
        content = b"".join(parts)
        self._writing = True
        self._flying = (name, offset, content)
        self._writer = self._write_steps(seq, name, offset, content)

    def prepare(self, name: str, size: int) -> None:
        """Make a segment of zeros, step by step."""
        self._fill(name, self._prepare_steps(name, size))

    def discard(self, name: str) -> None:
        """Remove a segment."""
        self._open.pop(name, None)
        self._fill(name, self._discard_steps(name))

    def _fill(self, name: str, steps: Steps) -> None:
        assert not self._filling, "one segment comes or goes at a time"
        self._refuse_if_closed(name)
        self._filling = True
        self._urgency = 0
        self._filler = steps

    def _refuse_if_closed(self, name: str) -> None:
        if self._closed:
            raise LogError("write", name, hint="the disk is closed")

    def hurry(self, urgency: int) -> None:
        """Tell how soon the segment in preparation is needed."""
        assert 0 <= urgency <= 2, urgency
        self._urgency = urgency

    def outcomes(self) -> list[Outcome]:
        """Give what has ended, in order; each once."""
        ended, self._outcomes = self._outcomes, []
        for outcome in ended:
            if outcome.kind in (PREPARED, DISCARDED):
                self._filling = False
            elif outcome.name:
                self._writing = False
        return ended

    def wait(self) -> None:
        """Go on until there is an outcome."""
        while not self._outcomes:
            assert self.step(hurried=True), "nothing is in flight: this waits for ever"

    def close(self) -> None:
        """Finish the write in flight and sync; leave a segment as far as it came."""
        if self._closed:
            return
        self._closed = True
        self._filler = None
        while self.step(hurried=True):
            continue

    # What happens.

    def is_busy(self) -> bool:
        """Tell whether a thread has something to do now."""
        if self._writer is not None or self._filler is not None:
            return True
        return self.sync_at <= self._machine.clock.now()

    def step(self, *, hurried: bool = False) -> bool:
        """Let one thread make one system call; False where neither has any to make.

        Where somebody waits, `hurried`, an interval is over at once.
        """
        if self._writer is None and self._dirty is not None:
            lone = hurried and self._filler is None
            if lone or self.sync_at <= self._machine.clock.now():
                self._sync_late()
                return True
        if self._writer is None or (self._filler is not None and self._fills_next()):
            return self._step_filler()
        if next(self._writer, self) is self:
            self._writer = None
        return True

    def _fills_next(self) -> bool:
        return self._chance.random() * 4 < self._urgency + 1

    def _step_filler(self) -> bool:
        if self._filler is None:
            return False
        if next(self._filler, self) is self:
            self._filler = None
        return True

    def held(self) -> list[File]:
        """Give the files that this process has open."""
        return list(self._open.values())

    def break_off(self) -> None:
        """The process ends: of the write in flight the kernel may have a beginning."""
        if self._flying is None or self._chance.random() < 0.5:
            return
        name, offset, content = self._flying
        file = self._open.get(name) or self._machine.names.memory.get(name)
        if file is not None and self._dirty in (None, file) and self._late is None:
            self._machine.write_beginning(file, offset, content)

    def _end(self, kind: str, seq: int, name: str, error: OSError | None) -> None:
        number = 0 if error is None else error.errno or errno.EIO
        call = "" if error is None else str(error.filename)
        self._outcomes.append(Outcome(kind, seq, name, number, call, USUAL))

    # The thread that writes. Each `yield` ends a step.

    def _write_steps(self, seq: int, name: str, offset: int, content: bytes) -> Steps:
        error = None
        try:
            if name not in self._open:
                self._open[name] = self._machine.open_file(name, self._process)
                yield
            file = self._open[name]
            if self._dirty not in (None, file):
                self._sync_late()
                yield
            if self._late is not None:
                raise self._late
            yield from self._pwritev_steps(name, offset, content)
            self._flying = None
            if not self.interval or name == MARK:
                self._machine.sync_file("fdatasync", file, self._process)
            else:
                self._note_dirty(seq, file)
        except OSError as caught:
            error = caught
        late = self.interval and name != MARK
        self._end(WRITTEN if late else SYNCED, seq, name, error)

    def _pwritev_steps(self, name: str, offset: int, content: bytes) -> Steps:
        machine, process, file = self._machine, self._process, self._open[name]
        while content:
            try:
                done = machine.write("pwritev", file, offset, content, process)
            except InterruptedError:
                done = 0
            offset, content = offset + done, content[done:]
            self._flying = (name, offset, content)
            if content or not self.interval or name == MARK:  # another call follows
                yield

    def _note_dirty(self, seq: int, file: File) -> None:
        if self._dirty is None and self.interval != NEVER:
            early = int(self.interval * self._chance.random())
            self.sync_at = self._machine.clock.now() + early
        self._dirty = file
        self._dirty_seq = seq

    def _sync_late(self) -> None:
        assert self._dirty is not None
        try:
            self._machine.sync_file("fdatasync", self._dirty, self._process)
        except OSError as caught:
            self._late = caught
        self._dirty = None
        self.sync_at = NEVER
        self._end(SYNCED, self._dirty_seq, "", self._late)

    # The thread that fills.

    def _prepare_steps(self, name: str, size: int) -> Steps:
        error = None
        try:
            yield from self._zero_steps(name, size)
            self._machine.sync_names(self._process)
        except OSError as caught:
            error = caught
        if error is not None and name in self._machine.names.memory:
            yield
            self._unlink_if_possible(name)
        self._end(PREPARED, 0, name, error)

    def _zero_steps(self, name: str, size: int) -> Steps:
        machine, process = self._machine, self._process
        file = machine.create_file(name, process)
        stride = min(STRIDE, max(size // 2, 1))
        at = 0
        while at < size:
            yield
            zeros = bytes(min(stride, size - at))
            at += machine.write("pwrite", file, at, zeros, process)
            yield
            machine.sync_file("fdatasync", file, process)
        yield

    def _unlink_if_possible(self, name: str) -> None:
        with contextlib.suppress(OSError):  # what could not be made is in nobody's way
            self._machine.unlink("unlinkat", name, self._process)

    def _discard_steps(self, name: str) -> Steps:
        error = None
        try:
            self._machine.unlink("unlinkat", name, self._process)
            yield
            self._machine.sync_names(self._process)
        except OSError as caught:
            error = caught
        self._end(DISCARDED, 0, name, error)
