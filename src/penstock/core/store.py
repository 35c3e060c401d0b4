"""The durable state, and the only code that changes it.

Each `apply_*` is the effect of one event, the same in live running and in replay. It
decides nothing: it sets the named state from whatever state was there.
"""

import cython

from penstock.core.clearings import Clearings
from penstock.core.extra import Extra
from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.records import Record, Records
from penstock.core.rules import heeded
from penstock.core.session import Reservation, Session
from penstock.core.tube import Tube

if not cython.compiled:
    from penstock.core.job import (
        BURIED,
        BY_CLIENT,
        BY_FREE,
        BY_KICK,
        BY_RESTART,
        BY_TTR,
        DELAYED,
        HELD,
        READY,
        RESERVED,
        bump,
        rare,
        tidy,
        weight,
    )
    from penstock.core.kinds import (
        CHANGE_ATTRIBUTES,
        CHANGE_DUE,
        CHANGE_PRI,
        CHANGE_TUBE,
    )

POLICIES = b"tube"  # the one namespace that the engine reads


@cython.final
@cython.cclass
class Store:
    """Jobs, tubes, records; numbers that come next; the log's piece that grows."""

    def __init__(self) -> None:
        self.index = Index()
        self.records = Records()
        self.clearings = Clearings(self.index)
        self.next_id = 1
        self.next_place = 1
        self.home = 0

    @cython.cfunc
    def _reweigh(self, job: Job, before: cython.Py_ssize_t) -> cython.void:
        """Note that a job is larger or smaller than it was."""
        self.index.live_bytes += weight(job) - before

    # Jobs come and go.

    @cython.ccall
    def apply_put(
        self,
        id: cython.ulonglong,
        tube: Tube,
        pri: cython.uint,
        created: cython.ulonglong,
        delay: cython.ulonglong,
        due: cython.ulonglong,
        ttr: cython.ulonglong,
        attributes: bytes,
        body: bytes,
    ) -> Job:
        """A job exists: delayed until `due`, or ready where that is 0."""
        job: Job = Job()
        job.id = id
        job.tube = tube
        job.pri = pri
        job.body = body
        job.created = created
        job.delay = delay
        job.ttr = ttr
        if attributes:
            rare(job).adopt(attributes)
        self._add(job)
        self.index.enter(job, DELAYED if due else READY, due)
        return job

    @cython.cfunc
    def _add(self, job: Job) -> cython.void:
        job.home = self.home
        self.index.admit(job)
        if job.id >= self.next_id:
            self.next_id = job.id + 1

    def apply_image(
        self,
        image: Job,
        attributes: bytes,
        hold_reason: bytes,
        notes: dict[bytes, bytes],
        token: bytes | None,
    ) -> cython.void:
        """A job is as its image says; `image` itself becomes that job."""
        state: cython.uint = image.state
        if attributes or hold_reason or notes:
            image.extra = Extra()
            image.extra.adopt(attributes)
            image.extra.hold_reason = hold_reason
            image.extra.notes = notes
        self._add(image)
        if state == RESERVED:
            image.holder = Reservation()
            image.holder.id = image.id
            image.holder.token = token
        if state == BURIED and image.due >= self.next_place:
            self.next_place = image.due + 1
        self.index.enter(image, state, image.due)

    @cython.ccall
    def apply_delete(self, job: Job) -> cython.void:
        """A job is gone."""
        self.index.leave(job)
        self.index.dismiss(job)

    # Held by somebody.

    @cython.ccall
    def apply_reserve(
        self,
        job: Job,
        until: cython.ulonglong,
        session: Session | None,
        token: bytes | None,
    ) -> cython.void:
        """A session holds a job, or the lease of that token does."""
        reservation: Reservation = Reservation()
        reservation.id = job.id
        reservation.token = token
        self.index.leave(job)
        if session is not None:
            session.hold(reservation)
        job.holder = reservation
        job.reserves = bump(job.reserves)
        self.index.claims.reserved(job)
        self.index.enter(job, RESERVED, until)

    @cython.ccall
    def apply_touch(self, job: Job, until: cython.ulonglong) -> cython.void:
        """The holder has more time."""
        self.index.disarm(job)
        job.due = until
        self.index.arm(job)

    @cython.ccall
    def apply_return(self, job: Job, reason: cython.uint) -> cython.void:
        """A job that was held is ready again."""
        if reason == BY_TTR:
            job.timeouts = bump(job.timeouts)
        self._move(job, READY, 0, reason)

    @cython.ccall
    def apply_release(
        self,
        job: Job,
        pri: cython.uint,
        delay: cython.ulonglong,
        due: cython.ulonglong,
    ) -> cython.void:
        """The holder gave a job back."""
        self.index.leave(job)
        job.pri = pri
        job.delay = delay
        job.releases = bump(job.releases)
        job.reason = BY_CLIENT
        self.index.enter(job, DELAYED if due else READY, due)

    # Other states.

    @cython.cfunc
    def _move(
        self,
        job: Job,
        state: cython.uint,
        due: cython.ulonglong,
        reason: cython.uint,
    ) -> cython.void:
        self.index.leave(job)
        job.reason = reason
        self.index.enter(job, state, due)

    @cython.ccall
    def apply_due(self, job: Job) -> cython.void:
        """A delayed job is ready; a consequence of time, not an event."""
        self.index.leave(job)
        self.index.enter(job, READY, 0)

    @cython.ccall
    def apply_bury(
        self,
        job: Job,
        pri: cython.uint,
        reason: cython.uint,
        place: cython.ulonglong,
    ) -> cython.void:
        """A job is in that place of the line of buried ones."""
        self.index.leave(job)
        job.pri = pri
        job.reason = reason
        job.buries = bump(job.buries)
        if place >= self.next_place:
            self.next_place = place + 1
        self.index.enter(job, BURIED, place)

    @cython.ccall
    def apply_kick(self, job: Job) -> cython.void:
        """A buried or delayed job is ready."""
        job.kicks = bump(job.kicks)
        self._move(job, READY, 0, BY_KICK)

    @cython.ccall
    def apply_hold(self, job: Job, reason: bytes) -> cython.void:
        """A job waits for something other than time."""
        before: cython.Py_ssize_t = weight(job)
        self.index.leave(job)
        rare(job).hold_reason = reason
        self._reweigh(job, before)
        self.index.enter(job, HELD, 0)

    @cython.ccall
    def apply_free(self, job: Job, due: cython.ulonglong) -> cython.void:
        """A held job is ready, or delayed until `due`."""
        self._unhold(job)
        self._move(job, DELAYED if due else READY, due, BY_FREE)

    @cython.ccall
    def apply_change(
        self,
        job: Job,
        mask: cython.uint,
        tube: Tube,
        pri: cython.uint,
        due: cython.ulonglong,
        attributes: bytes,
    ) -> cython.void:
        """A job that nobody holds has another tube, pri, due or other attributes."""
        state: cython.uint = job.state
        before: cython.Py_ssize_t = weight(job)
        self.index.leave(job)
        self.index.claims.drop(job)
        if mask & CHANGE_TUBE:
            job.tube.body_bytes -= len(job.body)
            tube.body_bytes += len(job.body)
            job.tube = tube
        if mask & CHANGE_PRI:
            job.pri = pri
        if mask & CHANGE_ATTRIBUTES:
            rare(job).adopt(attributes)
            tidy(job)
        self.index.claims.add(job)
        self._reweigh(job, before)
        if mask & CHANGE_DUE:
            self._unhold(job)
            state = DELAYED if due else READY
            job.due = due
        self.index.enter(job, state, job.due)

    @cython.cfunc
    def _unhold(self, job: Job) -> cython.void:
        before: cython.Py_ssize_t = weight(job)
        if job.extra is not None:
            job.extra.hold_reason = b""
            tidy(job)
        self._reweigh(job, before)

    @cython.ccall
    def apply_note(self, job: Job, namespace: bytes, value: bytes) -> cython.void:
        """A job has those bytes under a namespace; empty ones take them away."""
        before: cython.Py_ssize_t = weight(job)
        extra: Extra = rare(job)
        if value:
            extra.notes[namespace] = value
        else:
            extra.notes.pop(namespace, None)
        tidy(job)
        self._reweigh(job, before)

    # Tubes and records.

    @cython.ccall
    def apply_pause(
        self, tube: Tube, length: cython.ulonglong, until: cython.ulonglong
    ) -> cython.void:
        """A tube is paused until then; 0 is not at all."""
        tube.pause_home = self.home
        self.index.pause_tube(tube, length, until)

    @cython.ccall
    def apply_set(self, record: Record) -> cython.void:
        """A record is there."""
        record.home = self.home
        self.records.set(record)
        if record.namespace == POLICIES:
            named: Tube = self.index.tube(record.key)
            named.policy, named.rules = record.value, heeded(record.value)

    @cython.ccall
    def apply_unset(self, namespace: bytes, key: bytes) -> cython.void:
        """A record is gone."""
        self.records.unset(namespace, key)
        tube: Tube | None = self.index.tubes.get(key)
        if namespace == POLICIES and tube is not None:
            tube.policy = None
            tube.rules = None

    @cython.ccall
    def apply_clear(
        self,
        tube: Tube,
        states: cython.uint,
        up_to: cython.ulonglong,
        now: cython.ulonglong,
    ) -> cython.void:
        """All jobs of those states are gone at once, and freed little by little."""
        self.wake(tube, now)
        self.clearings.begin(tube, states, up_to)

    @cython.ccall
    def wake(self, tube: Tube, now: cython.ulonglong) -> cython.void:
        """What was due is ready, whether or not somebody has noticed."""
        job: Job | None = self.index.top(tube, DELAYED)
        while job is not None and job.due <= now:
            self.apply_due(job)
            job = self.index.top(tube, DELAYED)

    # Starting.

    @cython.ccall
    def apply_boot(self) -> cython.void:
        """What connections held is ready again; leases go on. A tube that only they
        kept is gone, lest its pause meets a later tube of the same name."""
        for id in self.index.reserved_ids():
            job: Job = cython.cast(Job, self.index.jobs.find(id))
            if self.index.holder(job).token is None:
                self._move(job, READY, 0, BY_RESTART)
        self.index.drop_unused()
