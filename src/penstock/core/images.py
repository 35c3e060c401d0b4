"""Images: events that set the full state of an entity, for snapshots and compaction.

Equal states give equal bytes: jobs come in order of id, tubes and records by name, and
nothing in an image depends on how the state came about.
"""

import cython

from penstock.core.buffer import Buffer
from penstock.core.events import Batch
from penstock.core.extra import Extra
from penstock.core.index import DEFAULT, Index
from penstock.core.job import Job
from penstock.core.records import Record
from penstock.core.store import Store
from penstock.core.tube import Tube

if not cython.compiled:
    from penstock.core.kinds import (
        JOB_IMAGE,
        PAUSE_IMAGE,
        SET_IMAGE,
        TAG_BODY,
        TAG_NOTE,
        TAG_REASON,
        TAG_TOKEN,
    )


@cython.final
@cython.cclass
class Images:
    """Writes images of what a store holds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.index: Index = store.index

    def snapshot(self) -> bytes:
        """Give images of everything."""
        batch = Batch()
        for name in sorted(self.index.tubes):
            self.pause(batch, self.index.tubes[name])
        for record in self.store.records.all():
            self.record(batch, record)
        for id in self.index.jobs.ids():
            job = self.index.find(id)
            if job is not None:
                self.job(batch, job)
        return batch.payload()

    @cython.ccall
    def pause(self, batch: Batch, tube: Tube) -> cython.void:
        """Write a tube's pause, if it has one and something that keeps the tube."""
        kept: cython.bint = tube.name == DEFAULT or tube.policy is not None
        if tube.pause_until and (kept or tube.job_count()):
            batch.pause(PAUSE_IMAGE, tube.name, tube.pause, tube.pause_until)

    @cython.ccall
    def record(self, batch: Batch, record: Record) -> cython.void:
        """Write a record."""
        batch.set(SET_IMAGE, record.namespace, record.key, record.value, record.expires)

    @cython.ccall
    def job(self, batch: Batch, job: Job) -> cython.void:
        """Write a job: state, counters, last reason, holder, notes and body."""
        batch.open(JOB_IMAGE, True)
        self._numbers(batch.events, job)
        batch.string(job.tube.name)
        if job.holder is not None and job.holder.token is not None:
            batch.attribute(TAG_TOKEN, job.holder.token)
        if job.extra is not None:
            self._rare(batch, job.extra)
        batch.attribute(TAG_BODY, job.body)
        batch.close()

    def given(
        self,
        batch: Batch,
        id: cython.ulonglong,
        tube: bytes,
        pri: cython.uint,
        created: cython.ulonglong,
        delay: cython.ulonglong,
        due: cython.ulonglong,
        ttr: cython.ulonglong,
        state: cython.uint,
        counters: tuple[int, ...],
        body: bytes,
    ) -> None:
        """Write a job that comes from elsewhere; its reserves, timeouts, releases,
        buries and kicks are the `counters`."""
        job: Job = Job()
        job.id = id
        job.tube = Tube(tube, 0)
        job.pri = pri
        job.created = created
        job.delay = delay
        job.due = due
        job.ttr = ttr
        job.state = state
        job.reserves, job.timeouts, job.releases, job.buries, job.kicks = counters
        job.body = body
        self.job(batch, job)

    @cython.cfunc
    def _numbers(self, out: Buffer, job: Job) -> cython.void:
        out.room(128)
        out.put_u64(job.id)
        out.put_u32(job.pri)
        out.put_u64(job.created)
        out.put_u64(job.delay)
        out.put_u64(job.due)
        out.put_u64(job.ttr)
        out.put_u8(job.state)
        out.put_u8(job.reason)
        out.put_u32(job.reserves)
        out.put_u32(job.timeouts)
        out.put_u32(job.releases)
        out.put_u32(job.buries)
        out.put_u32(job.kicks)

    @cython.cfunc
    def _rare(self, batch: Batch, extra: Extra) -> cython.void:
        if extra.hold_reason:
            batch.attribute(TAG_REASON, extra.hold_reason)
        for namespace in sorted(extra.notes):
            name: bytes = namespace
            note: bytes = bytes([len(name)]) + name + extra.notes[namespace]
            batch.attribute(TAG_NOTE, note)
        batch.events.add(extra.attributes)
