"""What a job claims beside its place: a key that no other job of its tube may have, and
the moment at which it expires.

Only jobs with a rare part are found here. Entries among the expiries are cleaned
lazily: one is live as long as its job is there and still expires then.
"""

import cython

from penstock.core.extra import Extra
from penstock.core.heap import Heap
from penstock.core.job import Job
from penstock.core.table import Table

if not cython.compiled:
    from penstock.core.kinds import UNTIL_RESERVED

    SLACK = 32  # stale entries that the heap may have


@cython.final
@cython.cclass
class Claims:
    """`keys` gives the id of the job that has a key of a tube; one that a clear still
    has to free may be among them."""

    def __init__(self, jobs: Table) -> None:
        self.jobs = jobs
        self.keys: dict[bytes, int] = {}
        self.expiries = Heap()
        self.expiring = 0

    @cython.ccall
    def add(self, job: Job) -> cython.void:
        """Let a job have what its attributes say."""
        extra: Extra | None = job.extra
        if extra is None:
            return
        free: cython.bint = extra.until == UNTIL_RESERVED and job.reserves > 0
        if extra.dedup is not None and not free:
            self.keys[key_in(job.tube.name, extra.dedup)] = job.id
        if extra.expires:
            self.expiring += 1
            self.expiries.push(extra.expires, job.id)

    @cython.ccall
    def drop(self, job: Job) -> cython.void:
        """Forget what a job had."""
        extra: Extra | None = job.extra
        if extra is None:
            return
        if extra.dedup is not None:
            self._free(job, extra.dedup)
        if extra.expires:
            self.expiring -= 1
            self._sweep()

    @cython.ccall
    def reserved(self, job: Job) -> cython.void:
        """A job was given to somebody: a key that it had until then is free."""
        extra: Extra | None = job.extra
        if extra is None:
            return
        if extra.dedup is not None and extra.until == UNTIL_RESERVED:
            self._free(job, extra.dedup)

    @cython.cfunc
    def _free(self, job: Job, dedup: bytes) -> cython.void:
        key: bytes = key_in(job.tube.name, dedup)
        if self.keys.get(key) == job.id:
            del self.keys[key]

    @cython.ccall
    def holder(self, tube: bytes, dedup: bytes) -> cython.ulonglong:
        """Give the id of the job that has a key; 0 where none has."""
        return self.keys.get(key_in(tube, dedup), 0)

    @cython.ccall
    def first_expired(self, now: cython.ulonglong) -> Job | None:
        """Give a job whose time has come, each once."""
        job: Job | None
        while self.expiries.size and self.expiries.key(0) <= now:
            job = self._live(0)
            self.expiries.pop()
            if job is not None:
                return job
        return None

    @cython.cfunc
    def _live(self, at: cython.Py_ssize_t) -> Job | None:
        job: Job | None = self.jobs.find(self.expiries.id(at))
        if job is None or job.extra is None:
            return None
        return job if job.extra.expires == self.expiries.key(at) else None

    @cython.cfunc
    def _sweep(self) -> cython.void:
        kept: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        job: Job | None
        if self.expiries.size <= 2 * self.expiring + SLACK:
            return
        for at in range(self.expiries.size):
            job = self._live(at)
            # A job that was changed stands there twice; one entry is enough.
            if job is not None and not job.marked:
                job.marked = True
                self.expiries.keep(kept, at)
                kept += 1
        for at in range(kept):
            job = cython.cast(Job, self._live(at))
            job.marked = False
        self.expiries.rebuild(kept)


@cython.cfunc
def key_in(tube: bytes, dedup: bytes) -> bytes:
    """Give the name of a key of a tube; no tube's name has a zero byte."""
    return tube + b"\0" + dedup
