"""Admission: which puts are taken, and what is said to the others."""

import cython

from penstock.core.extra import Extra
from penstock.core.rules import Rules
from penstock.core.store import Store
from penstock.core.tube import Tube

if not cython.compiled:
    from penstock.core.kinds import JOB_EXPIRES

    ADMITTED = 0
    DRAINING = 1
    FULL = 2

    NO_BOUND = 1 << 62
    OVERHEAD = 200  # bytes that a job takes beside its body

ONCE = b"once"  # the namespace of keys that refuse others for some time


@cython.final
@cython.cclass
class Policy:
    """`draining` refuses every put; `most_bytes` bounds bodies and their overhead, 0 is
    no bound; `max_job_size` is the largest body in bytes, `room` what the log has left
    for puts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.draining = False
        self.most_bytes = 0
        self.max_job_size = 65535
        self.room = NO_BOUND

    @cython.ccall
    def admits(self, size: cython.Py_ssize_t) -> cython.uint:
        """Tell whether a body of that size is taken, and give it its place."""
        verdict: cython.uint = self.verdict(size)
        if verdict == ADMITTED:
            self.charge(size)
        return verdict

    @cython.ccall
    def verdict(self, size: cython.Py_ssize_t) -> cython.uint:
        """Tell whether a body of that size is taken: ADMITTED, DRAINING or FULL."""
        if self.draining:
            return DRAINING
        if self.most_bytes and self.used() + size + OVERHEAD > self.most_bytes:
            return FULL
        if size + OVERHEAD > self.room:
            return FULL
        return ADMITTED

    @cython.ccall
    def charge(self, size: cython.Py_ssize_t) -> cython.void:
        """Until the log is asked again, what was admitted has its place there."""
        self.room -= size + OVERHEAD

    @cython.ccall
    def admits_into(
        self, tube: Tube, size: cython.Py_ssize_t, jobs: cython.ulonglong
    ) -> cython.uint:
        """Tell the same of some jobs with that many bytes, by the rules of a tube
        alone."""
        rules: Rules | None = tube.rules
        if rules is None:
            return ADMITTED
        if rules.drain:
            return DRAINING
        if rules.max_jobs and tube.job_count() + jobs > rules.max_jobs:
            return FULL
        if rules.max_bytes and tube.body_bytes + size > rules.max_bytes:
            return FULL
        return ADMITTED

    @cython.ccall
    def stamped(self, tube: Tube, attributes: bytes, now: cython.ulonglong) -> bytes:
        """Give the attributes with the expiry that a tube sets, unless the job has one
        of its own."""
        rules: Rules | None = tube.rules
        if rules is None or not rules.expiry:
            return attributes
        extra: Extra = Extra()
        extra.adopt(attributes)
        if extra.expires:
            return attributes
        return attributes + stamp(JOB_EXPIRES, moment(now + rules.expiry))

    def twin(self, tube: bytes, dedup: bytes, now: int) -> int:
        """Give the id of the job that has a dedup key of a tube, or had it and lets
        nobody have it yet; 0 where it is free."""
        id: int = self.store.index.claims.holder(tube, dedup)
        if id and self.store.index.find(id) is not None:
            return id
        record = self.store.records.find(ONCE, once_name(tube, dedup), now)
        return 0 if record is None else int.from_bytes(record.value, "little")

    @cython.ccall
    def used(self) -> cython.ulonglong:
        """Count the bytes that all jobs take."""
        return self.store.index.body_bytes + OVERHEAD * self.store.index.jobs.count


def once_name(tube: bytes, dedup: bytes) -> bytes:
    """Give the key of the record of a dedup key that refuses others for some time."""
    return tube + b"\0" + dedup


def dedup_of(attributes: bytes) -> bytes | None:
    """Give the dedup key among a job's attributes."""
    extra: Extra = Extra()
    extra.adopt(attributes)
    return extra.dedup


def moment(at: int) -> bytes:
    """Write a moment of engine time as an attribute has it."""
    return at.to_bytes(8, "little")


def stamp(tag: int, content: bytes) -> bytes:
    """Write an attribute."""
    return bytes([tag]) + len(content).to_bytes(4, "little") + content
