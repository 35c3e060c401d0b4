"""A simulated server over a log that is right by construction, and its restarts."""

from __future__ import annotations

from penstock.core.counters import Counters
from penstock.core.engine import Engine
from penstock.core.reactor import Reactor
from penstock.core.replay import Replay
from penstock.core.timers import Timers
from penstock.core.turn import Turn
from penstock.log import Stored
from penstock.server.broker import Broker
from penstock.testing import HeldLog
from penstock.testing.promises import Promises, broken
from penstock.testing.sim_client import SimClient
from penstock.testing.workload import Habits, Workload
from penstock.testing.world import SECOND, World


class HeldWorld:
    """Whatever was released is there after a restart, and nothing else."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.promises = Promises()
        self.stored: list[Stored] = []
        self.start()

    def start(self) -> None:
        self.engine, self.log = Engine(), HeldLog()
        replay = Replay(self.engine.store)
        for stored in self.stored:
            self.log.append(Again(stored))
            self.log.release()
            replay.apply(stored.payload)
        if self.stored:
            self._go_on_behind(replay, self.stored[-1])
        self.engine.turn.batch.boot(False, 0, b"")
        self.engine.store.apply_boot()
        self.broker = Broker(self.engine, self.log, self.world.clock, self._fail)
        self.reactor = Reactor(self.engine, 1, self._fail)
        with self.world.loop.running():
            self.broker.start(self.reactor)

    def _go_on_behind(self, replay: Replay, last: Stored) -> None:
        engine = self.engine
        replay.finish(last.now, Timers(engine.store, Turn(), Counters()))
        engine.store.next_id = max(engine.store.next_id, last.next_id)
        engine.turn.now = last.now
        engine.turn.batch.clear(last.seq + 1)
        engine.turn.durable = last.seq

    def _fail(self, error: Exception) -> None:
        raise error

    def end(self) -> None:
        """The process ends: what was in flight is gone."""
        self.stored = list(self.log.read(1))
        self.reactor.shut()
        durable = self.stored[-1].seq if self.stored else 0
        assert self.promises.told <= durable
        self.promises.restart(durable)
        self.world.restart(0, rebooted=False)

    def restart(self) -> list[str]:
        """End and start; give which promises are broken."""
        self.end()
        self.start()
        return self.broken()

    def close(self) -> None:
        """Give the sockets back: nothing follows."""
        self.reactor.shut()

    def broken(self) -> list[str]:
        return list(broken(self.promises, self.engine))

    def client(self, lease: bytes | None = None) -> SimClient:
        client = SimClient(self.broker, self.promises, self.world.clock)
        client.lease = lease
        return client

    def settle(self) -> None:
        """Let everything become durable that there is."""
        self.world.loop.settle()
        self.log.release_all()
        self.world.loop.settle()

    def run(self, load: Workload, steps: int) -> None:
        """Let clients, the log and time move in any order."""
        for _ in range(steps):
            move = self.world.below(10)
            if move < 5:
                load.step()
            elif move < 7:
                self.world.loop.turn()
            elif move < 9 and self.log.flying is not None:
                self.log.release()
            else:
                self.world.pass_time(SECOND if move == 9 else SECOND // 50)

    def load(self) -> Workload:
        habits = Habits.of(self.world)
        return Workload(
            self.world, habits, self.broker, self.promises, self.world.clock
        )


class Again:
    """A batch that was stored, to be stored again."""

    def __init__(self, stored: Stored) -> None:
        self.seq = stored.seq
        self.now = stored.now
        self.wall = stored.wall
        self.next_id = stored.next_id
        self.count = stored.count
        self._payload = stored.payload

    def payload(self) -> bytes:
        return self._payload
