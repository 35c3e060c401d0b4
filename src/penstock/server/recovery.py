"""Starting from a log: replay what it holds, then go on where it ended.

Engine time goes on from the last batch's by as much as the wall clock has, never back
and at most thirty days. The first batch says that the server started: what connections
held is ready again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import penstock
from penstock.clock import Clock
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.job import READY
from penstock.core.replay import Replay
from penstock.log import Log, Stored

LONGEST_DOWNTIME = 30 * 24 * 3600 * 1_000_000_000  # nanoseconds that are believed


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found: `batches` with `events`, `jobs` that are there now, whether the
    last end was in order, and for how many nanoseconds nobody served."""

    batches: int
    events: int
    jobs: int
    clean: bool
    downtime: int


def recover(
    engine: Engine, log: Log, clock: Clock, progress: Callable[[int], None]
) -> Recovered:
    """Fill an empty engine from a log, and stage the batch that says so.

    `progress` is told the number of each batch. Raises what the log raises, FormatError
    and NewerFormat; in all cases nothing has been written.
    """
    replay = Replay(engine.store)
    last: Stored | None = None
    count = 0

    def sink(stored: Stored) -> None:
        nonlocal last, count
        engine.store.home = stored.piece
        replay.apply(stored.payload)
        last, count = stored, count + 1
        progress(stored.seq)

    log.recover(sink)
    clean, downtime = True, 0
    if last is not None:
        clean = last.payload == _sealed()
        downtime = min(max(0, clock.wall() - last.wall), LONGEST_DOWNTIME)
        engine.turn.resume(last.seq, last.now + downtime)
        engine.store.next_id = max(engine.store.next_id, last.next_id)
    replay.finish(engine.turn.now, engine.timers)
    stage_start(engine, clean, downtime)
    jobs = len(engine.index.jobs)
    return Recovered(count, replay.events, jobs, clean, downtime)


def stage_start(engine: Engine, clean: bool, downtime: int) -> None:
    """Stage the batch that says that the server started, and which tubes are paused.

    A replay forgets a tube that has no jobs at a start. Once the log has let go of the
    jobs that this one had, that would be too early for a pause from before.
    """
    engine.turn.batch.boot(clean, downtime, penstock.__version__.encode())
    held = engine.index.reserved_ids()
    engine.store.apply_boot()
    for id in held:
        job = engine.index.find(id)
        if job is not None and job.state == READY:
            engine.retirement.returned(job)
    images = Images(engine.store)
    for name in sorted(engine.index.tubes):
        tube = engine.index.tubes[name]
        images.pause(engine.turn.batch, tube)
        tube.pause_home = engine.store.home


def _sealed() -> bytes:
    """Give the last batch's events after an end in order."""
    batch = Batch()
    batch.seal()
    return batch.payload()
