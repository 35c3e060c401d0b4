"""Replay: from events to the state that they describe.

The same `apply_*` that live commands call. Nobody is matched, answered, or asked: an
event about a job that is not here is about one whose newer image comes later in the
log, or that was deleted since, and is passed over.
"""

import cython

from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.reader import Reader
from penstock.core.records import Record
from penstock.core.store import Store
from penstock.core.timers import Timers
from penstock.core.tube import Tube
from penstock.errors import FormatError, NewerFormat

if not cython.compiled:
    from penstock.core.job import BURIED, BY_FORWARD, HELD, READY, RESERVED
    from penstock.core.kinds import (
        BOOT,
        BURY,
        CHANGE,
        CLEAR,
        DELETE,
        FIRST_SKIPPABLE,
        FREE,
        HOLD,
        JOB_IMAGE,
        KICK,
        NOTE,
        PAUSE,
        PAUSE_IMAGE,
        PUT,
        RELEASE,
        RESERVE,
        RETURN,
        SEAL,
        SET,
        SET_IMAGE,
        TOUCH,
        UNSET,
    )

    CLEARABLE = 0b111010  # ready, delayed, buried, held
    CHANGEABLE = 0b1111  # what a CHANGE of this release may change


@cython.final
@cython.cclass
class Replay:
    """Applies batches to a store, oldest first; then `finish`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.index: Index = store.index
        self.events = 0

    @cython.ccall
    def apply(self, payload: bytes) -> cython.void:
        """Apply the events of one batch.

        Raises NewerFormat for a kind that this release does not know, FormatError for
        bytes that are no event.
        """
        reader: Reader = Reader(payload)
        while reader.next():
            self.events += 1
            if not self._apply_tube(reader) and not self._apply_job(reader):
                self._skip(reader.kind)
            elif reader.rest():
                reader.attributes()  # lest one of a later release is passed over

    @cython.cfunc
    def _skip(self, kind: cython.uint) -> cython.void:
        if kind < FIRST_SKIPPABLE and kind != SEAL:
            raise NewerFormat(f"event {kind} is of a later release")

    def finish(self, now: int, timers: Timers) -> None:
        """Let time do what it did meanwhile, and forget tubes that nothing keeps."""
        while timers.catch_up(now, 1000) <= 0:
            continue
        while self.store.clearings.tubes:
            self.store.clearings.free(1000)
        self.index.drop_unused()

    # Jobs appear.

    @cython.cfunc
    def _apply_tube(self, reader: Reader) -> cython.bint:
        kind: cython.uint = reader.kind
        if kind == PUT:
            self._put(reader)
        elif kind == JOB_IMAGE:
            self._job_image(reader)
        elif kind == SET or kind == SET_IMAGE:
            self._set(reader)
        elif kind == UNSET:
            namespace: bytes = reader.string()
            reader.attributes()
            self.store.apply_unset(namespace, self._given(reader.key))
        elif kind == PAUSE or kind == PAUSE_IMAGE:
            length: cython.ulonglong = reader.u64()
            until: cython.ulonglong = reader.u64()
            self.store.apply_pause(self.index.tube(reader.string()), length, until)
        elif kind == CLEAR:
            states: cython.uint = self._known(reader.u8(), CLEARABLE)
            up_to: cython.ulonglong = reader.u64()
            now: cython.ulonglong = reader.u64()
            tube: Tube = self.index.tube(reader.string())
            if up_to < self.store.next_id - 1:
                raise FormatError("a clear spares jobs that were there before it")
            self.store.apply_clear(tube, states, up_to, now)
        elif kind == BOOT:
            reader.take(9)  # clean or crash, and the downtime
            self.store.apply_boot()
        else:
            return False
        return True

    @cython.cfunc
    def _given(self, content: bytes | None) -> bytes:
        if content is None:
            raise FormatError("an event lacks an attribute that its kind needs")
        return content

    @cython.cfunc
    def _known(self, bits: cython.uint, ours: cython.uint) -> cython.uint:
        if bits & ~ours:
            raise NewerFormat(f"bits {bits:#x} are of a later release")
        return bits

    @cython.cfunc
    def _reason(self, reader: Reader) -> cython.uint:
        reason: cython.uint = reader.u8()
        if reason > BY_FORWARD:
            raise NewerFormat(f"reason {reason} is of a later release")
        return reason

    @cython.cfunc
    def _counted(self, number: cython.ulonglong) -> cython.ulonglong:
        if number == 0 or number >> 53:
            raise FormatError(f"no id and no place in line is {number}")
        return number

    @cython.cfunc
    def _put(self, reader: Reader) -> cython.void:
        id: cython.ulonglong = self._counted(reader.u64())
        pri: cython.uint = reader.u32()
        created: cython.ulonglong = reader.u64()
        delay: cython.ulonglong = reader.u64()
        due: cython.ulonglong = reader.u64()
        ttr: cython.ulonglong = reader.u64()
        tube: Tube = self.index.tube(reader.string())
        reader.attributes()
        body: bytes = self._given(reader.body)
        self._forget(id)
        self.store.apply_put(id, tube, pri, created, delay, due, ttr, reader.kept, body)

    @cython.cfunc
    def _forget(self, id: cython.ulonglong) -> cython.void:
        job: Job | None = self.index.jobs.find(id)
        if job is None:
            return
        if self.index.is_cleared(job):
            self.index.dismiss(job)
        else:
            self.store.apply_delete(job)

    @cython.cfunc
    def _job_image(self, reader: Reader) -> cython.void:
        id: cython.ulonglong = self._counted(reader.u64())
        pri: cython.uint = reader.u32()
        job: Job = Job()
        job.created = reader.u64()
        job.delay = reader.u64()
        job.due = reader.u64()
        job.ttr = reader.u64()
        job.state = reader.u8()
        if job.state < READY or job.state > HELD:
            raise NewerFormat(f"state {job.state} is of a later release")
        if job.state == BURIED:
            self._counted(job.due)
        job.reason = self._reason(reader)
        job.reserves = reader.u32()
        job.timeouts = reader.u32()
        job.releases = reader.u32()
        job.buries = reader.u32()
        job.kicks = reader.u32()
        job.tube = self.index.tube(reader.string())
        reader.attributes()
        job.id = id
        job.pri = pri
        job.body = self._given(reader.body)
        self._forget(id)
        self.store.apply_image(
            job, reader.kept, reader.reason or b"", reader.notes, reader.token
        )

    @cython.cfunc
    def _set(self, reader: Reader) -> cython.void:
        expires: cython.ulonglong = reader.u64()
        namespace: bytes = reader.string()
        reader.attributes()
        key: bytes = self._given(reader.key)
        value: bytes = self._given(reader.value)
        self.store.apply_set(Record(namespace, key, value, expires))

    # Jobs that are there.

    @cython.cfunc
    def _apply_job(self, reader: Reader) -> cython.bint:
        kind: cython.uint = reader.kind
        if kind == KICK:
            while reader.rest():
                self._kick(reader.u64())
            return True
        if kind < RESERVE or kind > NOTE:
            return False
        job: Job | None = self.index.find(reader.u64())
        if job is None:
            reader.take(reader.rest())
        else:
            self._change_job(kind, job, reader)
        return True

    @cython.cfunc
    def _kick(self, id: cython.ulonglong) -> cython.void:
        job: Job | None = self.index.find(id)
        if job is not None:
            self.store.apply_kick(job)

    @cython.cfunc
    def _change_job(self, kind: cython.uint, job: Job, reader: Reader) -> cython.void:
        if kind == RESERVE:
            self._reserve(job, reader)
        elif kind == TOUCH:
            self._touch(job, reader.u64())
        elif kind == RETURN:
            self.store.apply_return(job, self._reason(reader))
        elif kind == RELEASE:
            self._release(job, reader)
        elif kind == BURY:
            self._bury(job, reader)
        elif kind == DELETE:
            self._reason(reader)
            self.store.apply_delete(job)
        elif kind == FREE:
            self.store.apply_free(job, reader.u64())
        elif kind == HOLD:
            reader.attributes()
            self.store.apply_hold(job, reader.reason or b"")
        elif kind == NOTE:
            namespace: bytes = reader.string()
            reader.attributes()
            self.store.apply_note(job, namespace, self._given(reader.value))
        elif kind == CHANGE:
            self._change(job, reader)

    @cython.cfunc
    def _reserve(self, job: Job, reader: Reader) -> cython.void:
        until: cython.ulonglong = reader.u64()
        reader.attributes()
        self.store.apply_reserve(job, until, None, reader.token)

    @cython.cfunc
    def _touch(self, job: Job, until: cython.ulonglong) -> cython.void:
        if job.state == RESERVED:
            self.store.apply_touch(job, until)

    @cython.cfunc
    def _release(self, job: Job, reader: Reader) -> cython.void:
        pri: cython.uint = reader.u32()
        delay: cython.ulonglong = reader.u64()
        self.store.apply_release(job, pri, delay, reader.u64())

    @cython.cfunc
    def _bury(self, job: Job, reader: Reader) -> cython.void:
        pri: cython.uint = reader.u32()
        reason: cython.uint = self._reason(reader)
        self.store.apply_bury(job, pri, reason, self._counted(reader.u64()))

    @cython.cfunc
    def _change(self, job: Job, reader: Reader) -> cython.void:
        if job.state == RESERVED:
            raise FormatError(f"job {job.id} was changed while it was held")
        mask: cython.uint = self._known(reader.u8(), CHANGEABLE)
        pri: cython.uint = reader.u32()
        due: cython.ulonglong = reader.u64()
        tube: Tube = self.index.tube(reader.string())
        reader.attributes()
        self.store.apply_change(job, mask, tube, pri, due, reader.kept)
