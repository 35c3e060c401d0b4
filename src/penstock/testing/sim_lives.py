"""A server whose power is cut at any moment, over and over: are its promises kept?

One seed is one machine, on which a server lives several lives. Clients ask for random
things; the disk, the loop and time move in any order; then the power is cut, or the
process is killed, or it stops in order, be it in the middle of a recovery. After every
end the next server has to find what clients were told, byte for byte, and of the rest a
beginning; it has to come to the state that a replay of all batches gives.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from penstock.core.counters import Counters
from penstock.core.images import Images
from penstock.core.replay import Replay
from penstock.core.store import Store
from penstock.core.timers import Timers
from penstock.core.turn import Turn
from penstock.log import Stored
from penstock.log.file import NEVER
from penstock.server.broker import Broker
from penstock.server.recovery import LONGEST_DOWNTIME
from penstock.testing.promises import PromiseBroken, Promises, broken
from penstock.testing.sim_machine import UNBOUNDED, ProcessEnded
from penstock.testing.sim_server import SimServer, Sizes, Written
from penstock.testing.workload import Habits, Workload
from penstock.testing.world import SECOND, Weighted, World

MS = SECOND // 1000
FREE_STARTS = 2  # for which a drive of eight segments has room whatever happens
DAY = 24 * 3600 * SECOND
CUT, KILL, STOP = "cut", "kill", "stop"
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT)
CALLS = ("pwritev", "fdatasync", "fsync", "openat", "pwrite", "unlinkat")
DOWNTIMES = (0, 0, 2 * SECOND, 3600 * SECOND, 40 * DAY, -3600 * SECOND)


@dataclass(frozen=True)
class Options:
    """What one seed stands for, beside its chance."""

    lives: int
    steps: int
    sizes: Sizes
    capacity: int
    faults: float  # share of lives in which a system call fails
    habits: Habits

    @classmethod
    def of(cls, world: World) -> Options:
        """Draw them."""
        options = cls(
            lives=2 + world.below(8),
            steps=world.chance.choice((20, 60, 150)),
            sizes=_sizes(world),
            capacity=UNBOUNDED,
            faults=world.chance.choice((0.0, 0.0, 0.3)),
            habits=Habits.of(world),
        )
        return options.with_little_room(world) if world.happens(0.1) else options

    def with_little_room(self, world: World) -> Options:
        """Give the same on a drive that gets full."""
        sizes = replace(self.sizes, segment=16 * 1024)
        habits = replace(self.habits, most_jobs=100, body=1500, large=0)
        capacity = sizes.segment * (8 + world.below(6))
        return replace(
            self, steps=400, sizes=sizes, habits=habits, capacity=capacity, faults=0.0
        )


def _sizes(world: World) -> Sizes:
    segment = world.chance.choice((4, 8, 8, 16, 64)) * 1024
    return Sizes(
        segment=segment,
        most_idle=segment * world.chance.choice((10, 10, 16, 1000)),
        least_step=world.chance.choice((256, 4096, 65536)),
        interval=world.chance.choice((0, 0, 0, 0, 0, 0, 5 * MS, NEVER)),
    )


class Shadow:
    """All batches that are durable, replayed: what a recovery has to come to."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.store = Store()
        self.seq = 0
        self._now = 0
        self._replay = Replay(self.store)

    def image(self, written: Written, durable: int, now: int) -> bytes:
        """Replay through that batch, let time do its part, and give the state."""
        if now < self._now:  # what was due then is not any more
            self._begin()
        for seq in range(self.seq + 1, durable + 1):
            self._replay.apply(written.batches[seq].payload)
        self.seq, self._now = durable, now
        self._replay.finish(now, Timers(self.store, Turn(), Counters()))
        self.store.apply_boot()
        return Images(self.store).snapshot()


class Lives:
    """The lives that one seed stands for."""

    def __init__(self, seed: int, tell: Callable[[str], None] | None = None) -> None:
        self.world = World(seed)
        self.options = Options.of(self.world)
        self.world.machine.capacity = self.options.capacity
        self.promises = Promises()
        self.written = Written()
        self.shadow = Shadow()
        self.counts: Counter[str] = Counter()
        self._tell = tell
        self.starts = 0
        self._stopped = NEVER  # the last batch, where the end was in order
        self._held = 0  # the batch that the next recovery has to find
        self._safe = 0  # the same, should the power be cut

    def __str__(self) -> str:
        return f"seed {self.world.seed}: {asdict(self.options)}"

    def run(self) -> Counter[str]:
        """Live them all. Raises PromiseBroken, and what no server can go on with."""
        for _ in range(self.options.lives):
            self._live()
        return self.counts

    def _live(self) -> None:
        world, machine = self.world, self.world.machine
        server = SimServer(world, self.options.sizes, self.written)
        if world.happens(0.3):
            machine.end_process_after(world.below(80))
        if world.happens(self.options.faults / 3):
            machine.fail(*self._fault())
        try:
            broker = self._start(server)
            how = self._serve(server, broker) if broker else self._any_end()
        except ProcessEnded:
            self.counts["recoveries interrupted"] += 1
            how = self._any_end()
        finally:
            server.reactor.shut()
        if server.log.has_begun and not server.is_checked:  # it has read everything
            self._check_log(server)
            self._stopped = NEVER
        self._end(server, how)

    def _any_end(self) -> str:
        return CUT if self.world.happens(0.7) else KILL

    def _fault(self) -> tuple[str, int, int]:
        """Choose a system call, which of them, and how it is to fail."""
        chance = self.world.chance
        return chance.choice(CALLS), 1 + self.world.below(30), chance.choice(ERRORS)

    def _start(self, server: SimServer) -> Broker | None:
        """Recover and check; nothing where a start is not possible."""
        machine = self.world.machine
        self.starts += 1
        try:
            broker = server.start()
        except OSError:
            if not machine.fired:
                raise
            self.counts["starts failed"] += 1
            return None
        self._check_log(server)
        self._check_state(server)
        if server.failures:
            self._excuse_start(server.failures[0])
            self.counts["starts failed"] += 1
            return None
        machine.end_process_after(-1)
        return broker

    def _excuse(self, failure: Exception) -> None:
        """A log fails where a system call did, and where start after start has taken
        room for a new segment until there was none."""
        machine = self.world.machine
        if machine.fired:
            return
        if machine.capacity >= UNBOUNDED or self.starts <= FREE_STARTS:
            raise PromiseBroken(f"failed for no reason: {failure}")
        self.counts["full"] += 1
        machine.capacity += 4 * self.options.sizes.segment

    def _excuse_start(self, failure: Exception) -> None:
        """A log that is full can be opened once somebody has made room."""
        machine = self.world.machine
        if machine.capacity >= UNBOUNDED or not isinstance(failure, OSError):
            self._excuse(failure)
        machine.capacity += 4 * self.options.sizes.segment

    # A recovery.

    def _check_log(self, server: SimServer) -> None:
        """Hold what was read against what was written and what has to be there."""
        server.is_checked = True
        last = server.log.recovered
        if last < self._held:
            raise PromiseBroken(f"recovered through {last}, told of {self._held}")
        self._check_batches(server.log.found)
        self._held = self._safe = last
        server.torn = server.log.torn
        self.counts["torn"] += server.torn is not None
        self.promises.restart(last)

    def _check_state(self, server: SimServer) -> None:
        """Hold what it came to against what was promised, and a replay of all."""
        wrong = "; ".join(broken(self.promises, server.engine))
        if wrong:
            raise PromiseBroken(wrong)
        last, now = server.log.recovered, server.engine.turn.now
        if now != self._expected_now(server.log.found[-1:]):
            raise PromiseBroken(f"time goes on at {now}")
        if self._stopped == last and not server.is_clean:
            raise PromiseBroken("an end in order is taken for a crash")
        if self.shadow.image(self.written, last, now) != server.image():
            raise PromiseBroken(f"another state than {last} batches give")

    def _expected_now(self, last: list[Stored]) -> int:
        """Engine time goes on by what the wall clock has, never back."""
        if not last:
            return 0
        downtime = self.world.clock.wall() - last[0].wall
        return last[0].now + min(max(0, downtime), LONGEST_DOWNTIME)

    def _check_batches(self, found: list[Stored]) -> None:
        for stored, before in zip(found, [None, *found], strict=False):
            if before is not None and stored.seq != before.seq + 1:
                raise PromiseBroken(f"batch {stored.seq} came after {before.seq}")
            written = self.written.batches.get(stored.seq)
            if written is None or _without_term(stored) != _without_term(written):
                raise PromiseBroken(f"batch {stored.seq} is not what was written")

    # A life.

    def _serve(self, server: SimServer, broker: Broker) -> str:
        world = self.world
        self._stopped = NEVER
        habits, clock = self.options.habits, world.clock
        load = Workload(world, habits, broker, self.promises, clock)
        if world.happens(self.options.faults):
            world.machine.fail(*self._fault())
        for _ in range(world.below(self.options.steps)):
            MOVES.pick(world.chance)(self, server, load)
            if server.failures:
                return self._stay_silent(server, load)
        self.counts["refused"] += load.refusals
        how = ENDS.pick(world.chance)
        if how == STOP:
            broker.stop()
            server.log.close()
            if not server.failures:
                self._stopped = self._held = self._safe = self.written.last
        return how

    def ask(self, server: SimServer, load: Workload) -> None:
        """Let a client ask for something."""
        load.step()

    def move_disk(self, server: SimServer, load: Workload) -> None:
        """Let the disk make some system calls."""
        for _ in range(1 + self.world.below(3)):
            server.disk.step()

    def turn(self, server: SimServer, load: Workload) -> None:
        """Let the loop turn once, and the log hear what the disk has done."""
        server.log.settle()
        load.broker.stage()
        self.world.loop.turn()

    def pass_time(self, server: SimServer, load: Workload) -> None:
        """Let time pass; an interval that is over is over before."""
        clock = self.world.clock
        while server.disk.sync_at <= clock.now():
            server.disk.step()
        if self.world.machine.fired:
            self._note_owed()  # a sync that failed keeps nothing, however long ago
        most = self.world.chance.choice((MS, 30 * MS, SECOND, 100 * SECOND))
        self.world.pass_time(min(most, server.disk.sync_at - clock.now()))

    def _stay_silent(self, server: SimServer, load: Workload) -> str:
        """Nothing is told once the log has failed, whatever happens then."""
        self.counts["failures"] += 1
        self._excuse(server.failures[0])
        told = self.promises.told
        for _ in range(20):
            self.move_disk(server, load)
            self.turn(server, load)
        if self.promises.told != told:
            raise PromiseBroken(f"told of {self.promises.told} after {told} failed")
        return self._any_end()

    # An end.

    def _end(self, server: SimServer, how: str) -> None:
        world, machine = self.world, self.world.machine
        if self._tell is not None:
            told = self.promises.told
            self._tell(f"{server}, then a {how}: told of {told}, fired {machine.fired}")
        self.counts[how + "s"] += 1
        self.counts["batches"] += len(server.log.found)
        self.counts["faults"] += len(machine.fired)
        self.counts["rolls"] += max(0, len(server.log.pieces) - 1)
        self.counts["compactions"] += server.compactions()
        self.counts["trims"] += machine.calls["unlinkat"]
        rebooted = how == CUT or (how == STOP and world.happens(0.5))
        self._note_owed()
        if (
            rebooted or machine.fired
        ):  # what a failed sync lost a kill does not bring back
            self._held = self._safe
            self.promises.outlive(self._safe)
        machine.fired.clear()
        if rebooted:
            machine.power_cut()
        else:
            machine.kill()
        self.counts["sectors forgotten"] = machine.lost
        self.counts["syncs skipped"] = machine.skipped
        world.restart(world.chance.choice(DOWNTIMES), rebooted=rebooted)

    def _note_owed(self) -> None:
        """Note which batches have to outlive a kill, and which a power cut."""
        told, interval = self.promises.told, self.options.sizes.interval
        self._held = max(self._held, told)
        if interval:
            told = self.promises.told_before(self.world.clock.now() - interval)
        self._safe = max(self._safe, told)
        self.promises.tellings.clear()  # nobody syncs any more


def _without_term(stored: Stored) -> tuple[object, ...]:
    numbers = (stored.seq, stored.now, stored.wall, stored.next_id, stored.count)
    return (*numbers, stored.payload)


ENDS = Weighted([(CUT, 6), (KILL, 3), (STOP, 1)])
MOVES = Weighted(
    [
        (Lives.ask, 40),
        (Lives.move_disk, 30),
        (Lives.turn, 24),
        (Lives.pass_time, 6),
    ]
)
