"""The broker keeps the promise: nothing is told before it is durable.

It owns the batch. Everything that runs in one iteration of the loop, whoever staged it,
makes one batch: one append, one sync, and then the replies that depend on it leave.
While a batch is in flight the next one collects. What is only soft rides with the next
hard event, at the latest with the seal after IDLE seconds.

It also owns time: engine time advances with the clock, never goes back, and stands
still while a commit has been outstanding for a second, so that a stalled disk delays
expiry instead of expiring jobs whose RESERVED has not left.
"""

import asyncio
from collections.abc import Callable

import cython

from penstock.clock import Clock
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.reactor import Reactor
from penstock.core.turn import Turn
from penstock.errors import LogError
from penstock.log import Log
from penstock.server.upkeep import Upkeep

IDLE = 0.020  # seconds until soft events are sealed
GATHERING = 0.010  # seconds that a commit waits for others where there is no room
LONGEST_SLEEP = 10.0  # seconds; loop timers do not count a suspended machine's sleep
LAZY = 256 * 1024  # bytes of events that may wait while no reply waits for them
STANDSTILL = 1_000_000_000  # nanoseconds that engine time may run ahead of a commit
SECOND = 1_000_000_000
STALLED = 0.010  # seconds between two looks at the clock while time stands still
ALWAYS = 0xFFFFFFFFFFFFFFFF


@cython.final
@cython.cclass
class Broker:
    """Turns of the loop: time, sockets, commit, replies."""

    def __init__(
        self,
        engine: Engine,
        log: Log,
        clock: Clock,
        failed: Callable[[Exception], None],
    ) -> None:
        self.engine = engine
        self.turn: Turn = engine.turn
        self.log = log
        self.reactor: Reactor | None = None
        self._clock = clock
        self._now = clock.now
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._spare: Batch | None = Batch()
        self._flying: Batch | None = None
        self._offset = self.turn.now - clock.now()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = ALWAYS
        self._lead = clock.wall() - self.turn.now  # of the wall clock, when last told
        self._was_set = False
        self._sealing: asyncio.TimerHandle | None = None
        self._sealed_after = 0
        self._gathering = False
        self._settling = False
        self._broken = False
        self.upkeep = Upkeep(engine, log, self.stage, self._coming_bytes)
        self._staged = False
        self._coming = False
        self.commits = 0
        self.events = 0
        self.largest = 0
        self.standstills = 0
        self._spare.forgetful = self.turn.batch.forgetful = log.forgets
        log.start(self._durable, self._fail)
        if log.instant:
            self.turn.durable = ALWAYS

    def start(self, reactor: Reactor) -> None:
        """Serve the reactor's sockets in the running loop."""
        self._loop = asyncio.get_running_loop()
        self.reactor = reactor
        self._loop.add_reader(reactor.fd, self._run)
        if self.log.fileno() >= 0:
            self._loop.add_reader(self.log.fileno(), self._settle)
        if not self.log.instant:
            self.upkeep.start(self._loop)
            self._commit()  # however little room there is, nothing else has to come
        self._finish()

    def stop(self) -> None:
        """Leave the loop; what was staged goes to the log, and its end is sealed."""
        self._leave()
        if self._broken:
            return
        # What it carries over would come behind the seal.
        self.upkeep.rest()
        self._drain()
        if not self.log.instant:
            self.turn.batch.seal()
            self._drain()
            self.log.seal()
            self.log.finish()

    def _leave(self) -> None:
        assert self._loop is not None
        assert self.reactor is not None
        self._loop.remove_reader(self.reactor.fd)
        if self.log.fileno() >= 0:
            self._loop.remove_reader(self.log.fileno())
        self.upkeep.leave()
        for timer in (self._timer, self._sealing):
            if timer is not None:
                timer.cancel()

    def _drain(self) -> None:
        """Wait for the batch in flight, then for the one that has collected."""
        self.log.finish()
        while self.turn.batch.count and not self._broken:
            self._commit()
            self.log.finish()

    # The turn.

    def _run(self) -> None:
        """Serve what is ready: the loop calls this when a socket has something."""
        assert self.reactor is not None
        self._coming = False
        self.advance()
        self.reactor.run()
        self._finish()

    @cython.ccall
    def advance(self) -> cython.void:
        """Let engine time catch up, and do what is due."""
        now: cython.longlong = self._now() + self._offset
        if self._flying is not None and now > self._flying.now + STANDSTILL:
            now = self._flying.now + STANDSTILL
            if not self._is_standing():
                self.standstills += 1
        self.engine.tick(now)

    def stage(self) -> None:
        """Finish the turn soon: a command came from elsewhere than the reactor."""
        if not self._staged:
            self._staged = True
            assert self._loop is not None
            self._loop.call_soon(self._finish_staged)

    def _finish_staged(self) -> None:
        self._staged = False
        self._finish()

    @cython.ccall
    def _finish(self) -> cython.void:
        """Commit what was staged, send what may leave, and arrange the next turn."""
        if self.turn.batch.count:
            self._commit_or_wait()
        if self.turn.spoken:
            self._flush()
        self._arrange()

    @cython.ccall
    def _flush(self) -> cython.void:
        for session in self.turn.take_spoken():
            if session.link is not None:
                session.link.flush()

    @cython.ccall
    def _arrange(self) -> cython.void:
        assert self._loop is not None
        assert self.reactor is not None
        # Sending may have let a connection go on with commands that were here before.
        if self.turn.spoken or self.reactor.has_work():
            self._come_back()
            return
        moment: cython.ulonglong = self.engine.next_moment()
        if moment >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = moment
        # While time stands still nothing falls due, however near it is.
        least = STALLED if self._is_standing() else 0.0
        seconds = max(least, (moment - self.turn.now) / SECOND)
        self._timer = self._loop.call_later(min(seconds, LONGEST_SLEEP), self._on_timer)

    @cython.ccall
    def _come_back(self) -> cython.void:
        if self._loop is not None and not self._coming:
            self._coming = True
            self._loop.call_soon(self._run)

    @cython.ccall
    def _is_standing(self) -> cython.bint:
        flying = self._flying
        return flying is not None and self.turn.now >= flying.now + STANDSTILL

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = ALWAYS
        self._run()
        self._heed_wall()

    def _heed_wall(self) -> None:
        """Let a batch tell both times where the wall clock was set: a start would take
        the difference for time that nobody served, or miss some that somebody did."""
        lead: cython.longlong = self._clock.wall() - self.turn.now
        if abs(lead - self._lead) > SECOND and not self.log.instant:
            self._was_set = True
            self._commit()

    # The log.

    @cython.ccall
    def _commit_or_wait(self) -> cython.void:
        # With an instant log no reply waits, and small batches are only work.
        hurried = self.turn.batch.hard and not self.log.instant
        if hurried and self.engine.policy.room <= 0:
            self._gather()
        elif hurried or self.turn.batch.size() > LAZY:
            self._commit()
        else:
            self._seal_soon()

    @cython.ccall
    def _gather(self) -> cython.void:
        """Let deletes share frames: each takes room, and there is hardly any."""
        if not self._gathering:
            assert self._loop is not None
            self._gathering = True
            self._loop.call_later(GATHERING, self._gathered)

    def _gathered(self) -> None:
        self._gathering = False
        self._commit()

    @cython.ccall
    def _seal_soon(self) -> cython.void:
        if self._sealing is None and self._loop is not None:
            self._sealed_after = self.commits
            self._sealing = self._loop.call_later(IDLE, self._seal)

    def _seal(self) -> None:
        """Nothing hard has come for a while: let the rest be durable, and the end be
        without doubt."""
        self._sealing = None
        if self.turn.batch.count:
            self._commit()
        elif self._sealed_after != self.commits or self._flying is not None:
            self._seal_soon()
        else:
            self.log.seal()

    @cython.ccall
    def _commit(self) -> cython.void:
        """Hand the batch to the log; while one is in flight, this one goes on
        collecting and leaves when that one has arrived."""
        if self._spare is None or self._broken:
            return
        if not self.turn.batch.count and not self._was_set:
            return
        self._was_set = False
        full = self.turn.swap(self._spare)
        self._spare = None
        self._flying = full
        full.now = self.turn.now
        # Engine time is that of the last turn, or stands still: a start goes on from
        # this pair.
        lag: cython.longlong = self._now() + self._offset - self.turn.now
        full.wall = self._clock.wall() - max(0, lag)
        self._lead = full.wall - full.now
        full.next_id = self.engine.store.next_id
        self.commits += 1
        self.events += full.count
        self.largest = max(self.largest, full.size())
        self.upkeep.wrote(full.size())
        try:
            self.log.append(full)
            self.engine.store.home = self.log.piece()
        except (LogError, OSError) as error:
            self._fail(error)

    def _settle(self) -> None:
        """Hear what the disk has done: the loop calls this when it tells."""
        self._settling = True
        self.log.settle()
        self._settling = False
        self._finish()

    def _durable(self, seq: int) -> None:
        """A batch has arrived: what waited for it may leave."""
        self._spare = self._flying
        self._flying = None
        if not self.log.instant:
            self.turn.durable = seq
            self.upkeep.tend(seq)
            self._seal_soon()
        # First, so that producers who were kept waiting find room.
        if self.turn.batch.hard:
            self._commit_or_wait()
        for session in self.turn.take_held():
            if session.link is not None:
                session.link.flush()
        # Commands may run that had to wait, and what is only soft wants its seal.
        if not self._settling:
            self._come_back()

    def _coming_bytes(self) -> int:
        """Count the bytes that are on their way to the log."""
        flying = 0 if self._flying is None else self._flying.size()
        return int(flying + self.turn.batch.size())

    def _fail(self, error: Exception) -> None:
        """Nothing more is acknowledged: no reply leaves, and the server ends."""
        self.give_up()
        self._failed(error)

    def give_up(self) -> None:
        """Commit nothing from now on, not even while stopping."""
        self._broken = True
