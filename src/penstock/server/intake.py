"""Filling an empty log with jobs that come from elsewhere, while no server runs.

Jobs arrive as images: with their ids, states and counters. Engine time begins with the
oldest of them, for no job can be older than its store.
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock.clock import Clock
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.job import BURIED, DELAYED
from penstock.errors import FlagError
from penstock.log import Log
from penstock.server.recovery import recover

LARGE = 1024 * 1024  # bytes of events that are written at once
NOT_EMPTY = (
    "there have been jobs in this data folder, and ids are kept: name a new folder with"
    " --data"
)
OLDEST = 100 * 365 * 24 * 3600 * 1_000_000_000  # nanoseconds; older, a clock was wrong


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was elsewhere. `created`, and `due` of a delayed one, are nanoseconds
    by the wall clock, `delay` and `ttr` durations; `place` is that in the line of
    buried jobs. The counters are reserves, timeouts, releases, buries and kicks."""

    id: int
    tube: bytes
    body: bytes
    pri: int
    delay: int
    ttr: int
    state: int
    created: int
    due: int = 0
    place: int = 0
    counters: tuple[int, ...] = (0, 0, 0, 0, 0)


class Intake:
    """Writes jobs, batch after batch, each durable before the next.

    Time stands still meanwhile: what falls due is found ready by the first start.
    """

    def __init__(self, log: Log, clock: Clock, since: int) -> None:
        """Begin; the oldest job was created then, by the wall clock.

        Raises FlagError where the log's store has ever had a job or a record, and what
        the log raises.
        """
        self._engine = Engine()
        self._log = log
        self._error: Exception | None = None
        self._spare = Batch()
        log.start(lambda seq: None, self._fail)
        recover(self._engine, log, clock, lambda seq: None)
        if self._engine.store.next_id > 1 or self._engine.store.records.size():
            raise FlagError(NOT_EMPTY)
        self._images = Images(self._engine.store)
        self._wall = clock.wall()
        age = min(max(0, self._wall - since), OLDEST)
        self._engine.turn.now = max(self._engine.turn.now, age)

    def _fail(self, error: Exception) -> None:
        self._error = error

    def add(self, job: Job) -> None:
        """Write a job, sooner or later."""
        turn, store = self._engine.turn, self._engine.store
        state, due = job.state, 0
        if state == DELAYED:
            due = turn.now + max(0, job.due - self._wall)
        elif state == BURIED:
            due = job.place
        age = max(0, self._wall - job.created)
        self._images.given(
            turn.batch,
            job.id,
            job.tube,
            job.pri,
            max(0, turn.now - age),
            job.delay,
            due,
            job.ttr,
            state,
            job.counters,
            job.body,
        )
        store.next_id = max(store.next_id, job.id + 1)
        if turn.batch.size() > LARGE:
            self._commit()

    def finish(self, next_id: int) -> None:
        """Let everything be durable; the next job put there has at least that id."""
        self._engine.store.next_id = max(self._engine.store.next_id, next_id)
        self._commit()
        self._engine.turn.batch.seal()
        self._commit()
        self._log.seal()
        self._log.finish()
        self._check()

    def _commit(self) -> None:
        batch = self._engine.turn.swap(self._spare)
        batch.now = self._engine.turn.now
        batch.wall = self._wall
        batch.next_id = self._engine.store.next_id
        self._log.append(batch)
        self._log.finish()
        self._check()
        self._spare = batch

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
