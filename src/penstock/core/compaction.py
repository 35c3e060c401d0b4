"""Carrying over: what the oldest piece of the log still holds is written anew.

A piece may be forgotten once nothing has its newest full copy there. Its batches are
read again; each entity whose home it still is gets an image in the batch that collects.
Whatever else is said of the entity later in the log comes to the same.
"""

import cython

from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.index import Index
from penstock.core.job import Job
from penstock.core.reader import Reader
from penstock.core.records import Record
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.kinds import (
        FIRST_SKIPPABLE,
        JOB_IMAGE,
        PAUSE,
        PAUSE_IMAGE,
        PUT,
        SET,
        SET_IMAGE,
    )


@cython.final
@cython.cclass
class Compaction:
    """Takes one batch at a time, or all there is: `begin`, then `step` until it says
    that all is done.

    `carried` counts the images that it has written.
    """

    def __init__(self, store: Store, turn: Turn) -> None:
        self.store = store
        self.index: Index = store.index
        self.turn = turn
        self.images = Images(store)
        self.reader = Reader(b"")
        self.piece = 0
        self.ids: list[int] = []
        self.carried = 0

    @cython.ccall
    def begin(self, payload: bytes, piece: cython.uint) -> cython.void:
        """Take a batch that stands in that piece of the log."""
        self.reader = Reader(payload)
        self.piece = piece

    def begin_all(self, piece: cython.uint) -> None:
        """Take everything whose home is that piece or one before, without having read
        it: what cannot be read again is still here."""
        self.reader = Reader(b"")
        self.piece = piece
        self.ids = self.index.jobs.ids()
        for record in self.store.records.all():
            self._carry_record(record.namespace, record.key)
        for name in sorted(self.index.tubes):
            self._carry_pause(name)

    @cython.ccall
    def step(self, most: cython.Py_ssize_t) -> cython.bint:
        """Go on until about `most` bytes were read or written; tell whether all of the
        batch is done."""
        start: cython.Py_ssize_t = self.reader.at
        written: cython.Py_ssize_t = self.turn.batch.size()
        while self.reader.next():
            self._carry(self.reader, self.reader.kind)
            if (self.reader.at - start) + (self.turn.batch.size() - written) > most:
                return False
        while self.ids:
            self._carry_job(self.ids.pop())
            if self.turn.batch.size() - written > most:
                return False
        return True

    @cython.cfunc
    def _carry(self, reader: Reader, kind: cython.uint) -> cython.void:
        if kind == PUT or kind == JOB_IMAGE:
            self._carry_job(reader.u64())
        elif kind == SET or kind == SET_IMAGE:
            reader.u64()
            namespace: bytes = reader.string()
            reader.attributes()
            self._carry_record(namespace, cython.cast(bytes, reader.key))
        elif kind == PAUSE or kind == PAUSE_IMAGE:
            reader.u64()
            reader.u64()
            self._carry_pause(reader.string())
        elif kind >= FIRST_SKIPPABLE:
            self._carry_unknown(reader)

    @cython.cfunc
    def _carry_unknown(self, reader: Reader) -> cython.void:
        """Keep an event of a later release as it came."""
        batch: Batch = self.turn.batch
        batch.open(reader.kind, True)
        batch.events.add(reader.take(reader.rest()))
        batch.close()
        self.carried += 1

    @cython.cfunc
    def _carry_job(self, id: cython.ulonglong) -> cython.void:
        job: Job | None = self.index.find(id)
        if job is not None and job.home <= self.piece:
            self.images.job(self.turn.batch, job)
            job.home = self.store.home
            self.carried += 1

    @cython.cfunc
    def _carry_record(self, namespace: bytes, key: bytes) -> cython.void:
        record: Record | None = self.store.records.find(namespace, key, 0)
        if record is not None and record.home <= self.piece:
            self.images.record(self.turn.batch, record)
            record.home = self.store.home
            self.carried += 1

    @cython.cfunc
    def _carry_pause(self, name: bytes) -> cython.void:
        tube: Tube | None = self.index.tubes.get(name)
        if tube is not None and tube.pause_until and tube.pause_home <= self.piece:
            batch: Batch = self.turn.batch
            batch.pause(PAUSE_IMAGE, tube.name, tube.pause, tube.pause_until)
            tube.pause_home = self.store.home
            self.carried += 1
