"""The beanstalkd protocol, as its release 1.13 speaks it.

`feed` takes bytes in any pieces, runs every complete command in them and says how far
it came. What it does not take has to be shown again, with more behind it. It never
waits, never writes, and does not know who listens.
"""

import cython

from penstock.core.engine import Engine
from penstock.core.extra import Extra
from penstock.core.session import Session
from penstock.core.wire.extensions import Request
from penstock.core.wire.verbs import Verbs

if not cython.compiled:
    from penstock.core.wire.verbs import BODY_FOLLOWS, QUIT, SWALLOW

    # What the next bytes are.
    LINE = 0
    BODY = 1
    SKIPPED = 2
    OVERLONG = 3

    LONGEST = 224  # bytes of a command line with its CR LF (prot.c, LINE_BUF_SIZE)
    MOST_COMMANDS = 1000  # of one session, before others have their turn
    MOST_OUTBOX = 256 * 1024  # bytes for a slow reader, then nothing is executed


@cython.final
@cython.cclass
class BeanstalkSession(Session):
    """One conversation: what has been read of it, and how answers sound."""

    def __init__(self, engine: Engine, verbs: Verbs) -> None:
        Session.__init__(self, engine.index.tube(b"default"))
        self.engine = engine
        self.verbs = verbs
        self.state = LINE
        self.pri = 0
        self.delay = 0
        self.ttr = 0
        self.size = 0
        self.budget = MOST_COMMANDS
        self.cut_short = False
        self.afterwards = b""
        self.request: Request | None = None
        self.announces = False

    # Bytes in.

    @cython.cfunc
    def feed(
        self, data: cython.p_uchar, start: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Run the commands in `data[start:end]`; return where the next one starts."""
        at: cython.Py_ssize_t = start
        before: cython.Py_ssize_t = -1
        self.budget = MOST_COMMANDS
        while at < end and at != before and self.is_runnable():
            before = at
            self.budget -= 1
            if self.state == LINE:
                at = self._read_line(data, at, end)
            elif self.state == BODY:
                at = self._read_body(data, at, end)
            elif self.state == SKIPPED:
                at = self._skip(at, end)
            else:
                at = self._discard(data, at, end)
        self.cut_short = at < end and not self.is_runnable()
        return at

    @cython.ccall
    def may_go_on(self) -> cython.bint:
        """Tell whether commands that were here before could run now."""
        self.budget = MOST_COMMANDS
        return self.cut_short and self.is_runnable()

    @cython.ccall
    def is_runnable(self) -> cython.bint:
        """Tell whether the next command may run now."""
        return (
            not self.waiting
            and not self.quitting
            and self.budget > 0
            and not (self.producer and self.engine.turn.is_full())
            and self.outbox.size() < MOST_OUTBOX
        )

    @cython.ccall
    def wanted(self) -> cython.Py_ssize_t:
        """Count the bytes that have to be shown at once before anything can happen."""
        return self.size + 2 if self.state == BODY else 1

    def receive(self, data: bytes) -> int:
        """Do what `feed` does with bytes of Python's."""
        return self.feed(data, 0, len(data))

    @cython.cfunc
    def _read_line(
        self, data: cython.p_uchar, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        stop: cython.Py_ssize_t
        last: cython.Py_ssize_t = min(end, at + LONGEST)
        has_nul: cython.bint = False
        for stop in range(at, last - 1):
            if data[stop] == 13 and data[stop + 1] == 10:
                break
            if data[stop] == 0:
                has_nul = True
        else:
            if end - at < LONGEST:
                return at
            self.state = OVERLONG
            return self._discard(data, at, end)
        if has_nul:
            self.outbox.add(b"BAD_FORMAT\r\n")
        else:
            self._run(data, at, stop)
        return stop + 2

    @cython.cfunc
    def _run(
        self, data: cython.p_uchar, at: cython.Py_ssize_t, stop: cython.Py_ssize_t
    ) -> cython.void:
        outcome: cython.uint = self.verbs.run(self, data, at, stop)
        if outcome == BODY_FOLLOWS:
            self.state = BODY
            self.pri = self.verbs.pri
            self.delay = self.verbs.delay
            self.ttr = self.verbs.ttr
            self.size = self.verbs.size
            self.request = self.verbs.request
        elif outcome == SWALLOW:
            self.state = SKIPPED
            self.size = self.verbs.size + 2
            self.afterwards = self.verbs.afterwards
        elif outcome == QUIT:
            self.quitting = True

    @cython.cfunc
    def _discard(
        self, data: cython.p_uchar, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Throw an over-long line away, up to its CR LF wherever that is cut."""
        i: cython.Py_ssize_t
        for i in range(at, end - 1):
            if data[i] == 13 and data[i + 1] == 10:
                self.state = LINE
                self.outbox.add(b"BAD_FORMAT\r\n")
                return i + 2
        return end - 1 if data[end - 1] == 13 else end

    @cython.cfunc
    def _read_body(
        self, data: cython.p_uchar, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        stop: cython.Py_ssize_t = at + self.size
        body: bytes
        if end < stop + 2:
            return at
        self.state = LINE
        if data[stop] != 13 or data[stop + 1] != 10:
            self.engine.producers.burn_id()
            self.outbox.add(b"EXPECTED_CRLF\r\n")
            return stop + 2
        # Uncompiled, the caller may have shown any kind of bytes.
        body = data[at:stop] if cython.compiled else bytes(data[at:stop])
        if self.request is not None:
            request = self.request
            self.request = None
            request(self, body)
        else:
            self.engine.producers.put(self, self.pri, self.delay, self.ttr, b"", body)
        return stop + 2

    @cython.cfunc
    def _skip(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        count: cython.Py_ssize_t = min(self.size, end - at)
        self.size -= count
        if self.size == 0:
            self.state = LINE
            self.outbox.add(self.afterwards)
        return at + count

    # Answers out.

    @cython.cfunc
    def _numbered(self, word: bytes, number: cython.ulonglong) -> cython.void:
        self.outbox.add(word)
        self.outbox.add_decimal(number)
        self.outbox.add(b"\r\n")

    @cython.cfunc
    def _job(self, word: bytes, id: cython.ulonglong, body: bytes) -> cython.void:
        self.outbox.add(word)
        self.outbox.add_decimal(id)
        self.outbox.add(b" ")
        self.outbox.add_decimal(len(body))
        self.outbox.add(b"\r\n")
        self.outbox.add_body(body)
        self.outbox.add(b"\r\n")

    @cython.ccall
    def say_inserted(self, id: cython.ulonglong) -> cython.void:
        self._numbered(b"INSERTED ", id)

    @cython.ccall
    def say_exists(self, id: cython.ulonglong) -> cython.void:
        self._numbered(b"EXISTS ", id)

    @cython.ccall
    def say_reserved(
        self, id: cython.ulonglong, body: bytes, extra: Extra | None
    ) -> cython.void:
        if self.announces:
            self.say_batch(1)
        self._job(b"RESERVED ", id, body)

    @cython.ccall
    def say_batch(self, count: cython.ulonglong) -> cython.void:
        self.announces = False
        self._numbered(b"JOBS ", count)

    @cython.ccall
    def say_found(
        self, id: cython.ulonglong, body: bytes, extra: Extra | None
    ) -> cython.void:
        self._job(b"FOUND ", id, body)

    @cython.ccall
    def say_deleted(self) -> cython.void:
        self.outbox.add(b"DELETED\r\n")

    @cython.ccall
    def say_released(self) -> cython.void:
        self.outbox.add(b"RELEASED\r\n")

    @cython.ccall
    def say_buried(self) -> cython.void:
        self.outbox.add(b"BURIED\r\n")

    @cython.ccall
    def say_touched(self) -> cython.void:
        self.outbox.add(b"TOUCHED\r\n")

    @cython.ccall
    def say_kicked(self, count: cython.ulonglong) -> cython.void:
        self._numbered(b"KICKED ", count)

    @cython.ccall
    def say_kicked_job(self) -> cython.void:
        self.outbox.add(b"KICKED\r\n")

    @cython.ccall
    def say_paused(self) -> cython.void:
        self.outbox.add(b"PAUSED\r\n")

    @cython.ccall
    def say_not_found(self) -> cython.void:
        self.outbox.add(b"NOT_FOUND\r\n")

    @cython.ccall
    def say_timed_out(self) -> cython.void:
        self.announces = False
        self.outbox.add(b"TIMED_OUT\r\n")

    @cython.ccall
    def say_deadline_soon(self) -> cython.void:
        self.announces = False
        self.outbox.add(b"DEADLINE_SOON\r\n")

    @cython.ccall
    def say_not_ignored(self) -> cython.void:
        self.outbox.add(b"NOT_IGNORED\r\n")

    @cython.ccall
    def say_draining(self) -> cython.void:
        self.outbox.add(b"DRAINING\r\n")

    @cython.ccall
    def say_out_of_memory(self) -> cython.void:
        self.outbox.add(b"OUT_OF_MEMORY\r\n")

    @cython.ccall
    def say_using(self, name: bytes) -> cython.void:
        self.outbox.add(b"USING ")
        self.outbox.add(name)
        self.outbox.add(b"\r\n")

    @cython.ccall
    def say_watching(self, count: cython.ulonglong) -> cython.void:
        self._numbered(b"WATCHING ", count)

    @cython.ccall
    def say_text(self, content: bytes) -> cython.void:
        self._numbered(b"OK ", len(content))
        self.outbox.add(content)
        self.outbox.add(b"\r\n")
