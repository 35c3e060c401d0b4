"""Jobs that are to be given out no more: they have expired, or came back too often."""

import cython

from penstock.core.extra import Extra
from penstock.core.job import Job
from penstock.core.rules import Rules
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.job import BY_EXPIRY, BY_POLICY
    from penstock.core.kinds import (
        CHANGE_ATTRIBUTES,
        CHANGE_DUE,
        CHANGE_TUBE,
        JOB_DEDUP,
    )

CAME_FROM = b"dead-letter"  # the note of the tube in which a job came back too often


@cython.final
@cython.cclass
class Retirement:
    """A job's own limit and expiry come before those of its tube."""

    def __init__(self, store: Store, turn: Turn) -> None:
        self.store = store
        self.turn = turn

    @cython.ccall
    def returned(self, job: Job) -> cython.void:
        """Look at a job that somebody held and that is back."""
        extra: Extra | None = job.extra
        rules: Rules | None = job.tube.rules
        if extra is None and rules is None:
            return
        if self.lapse(job):
            return
        if extra is not None and extra.most_reserves:
            if job.reserves >= extra.most_reserves:
                self._give_up(job, extra.dead_letter)
        elif rules is not None and 0 < rules.max_reserves <= job.reserves:
            self._give_up(job, rules.dead_letter)

    @cython.ccall
    def lapse(self, job: Job) -> cython.bint:
        """Remove a job that has expired while somebody held it."""
        extra: Extra | None = job.extra
        if extra is None or not 0 < extra.expires <= self.turn.now:
            return False
        self.expire(job)
        return True

    @cython.cfunc
    def _give_up(self, job: Job, dead_letter: bytes | None) -> cython.void:
        """Bury a job, or move it to where somebody looks at such jobs."""
        old: Tube = job.tube
        if dead_letter is None or dead_letter == old.name:
            place: cython.ulonglong = self.store.next_place
            self.turn.batch.bury(job.id, job.pri, BY_POLICY, place)
            self.store.apply_bury(job, job.pri, BY_POLICY, place)
            return
        tube: Tube = self.store.index.tube(dead_letter)
        mask: cython.uint = CHANGE_TUBE | CHANGE_DUE | CHANGE_ATTRIBUTES
        kept: bytes = without_dedup(job)
        self.turn.batch.note(job.id, CAME_FROM, old.name, True)
        self.store.apply_note(job, CAME_FROM, old.name)
        self.turn.batch.change(job.id, mask, tube.name, 0, 0, kept)
        self.store.apply_change(job, mask, tube, 0, 0, kept)
        self.turn.loosened.append(old)
        self.turn.ripe.append(tube)

    @cython.ccall
    def expire(self, job: Job) -> cython.void:
        """Remove a job that nobody holds."""
        self.turn.batch.delete(job.id, BY_EXPIRY)
        self.store.apply_delete(job)
        self.turn.loosened.append(job.tube)


def without_dedup(job: Job) -> bytes:
    """Give a job's attributes but for its dedup key: that is one of its tube, and in
    another one somebody else may have it."""
    return b"" if job.extra is None else job.extra.without(JOB_DEDUP)
