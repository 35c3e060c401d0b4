"""What clients of a simulation ask for: random small things, all kinds of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.clock import Clock
from penstock.core import commands
from penstock.core.job import BURIED, DELAYED, HELD, READY
from penstock.server.broker import Broker
from penstock.testing.promises import Promises
from penstock.testing.sim_client import SimClient
from penstock.testing.world import SECOND, Weighted, World

NEVER = 0xFFFFFFFFFFFFFFFF
TUBES = (b"default", b"default", b"a", b"b")
TOKENS = (b"one", b"two")
STATES = (READY, DELAYED, BURIED, HELD)
PRIS = (0, 1, 7, 1024, 2**32 - 1)
DELAYS = (0, 0, 0, 1, 40, 3600, 10**6)  # seconds
TTRS = (1, 60, 60, 3600, 10**6)


@dataclass(frozen=True)
class Habits:
    """How the clients of one world behave."""

    clients: int
    most_jobs: int
    body: int  # bytes, at most
    large: int  # bytes of a body that is larger, once in a while

    @classmethod
    def of(cls, world: World) -> Habits:
        """Draw some."""
        return cls(
            clients=1 + world.below(5),
            most_jobs=world.chance.choice((3, 10, 40)),
            body=world.chance.choice((20, 200, 1500)),
            large=world.chance.choice((0, 4000, 20_000)),
        )


class Workload:
    """The clients of one process, which come, ask, and go."""

    def __init__(
        self,
        world: World,
        habits: Habits,
        broker: Broker,
        promises: Promises,
        clock: Clock,
    ) -> None:
        self.world = world
        self.habits = habits
        self.promises = promises
        self.broker = broker
        self.engine = broker.engine
        self._clock = clock
        self.clients = [self._come() for _ in range(habits.clients)]
        self._refused = 0

    def _come(self) -> SimClient:
        client = SimClient(self.broker, self.promises, self._clock)
        if self.world.happens(0.3):
            client.lease = self.world.chance.choice(TOKENS)
        return client

    @property
    def refusals(self) -> int:
        """Count the puts that found no room."""
        return self._refused + sum(client.refusals for client in self.clients)

    def step(self) -> None:
        """Let one client ask for something."""
        at = self.world.below(len(self.clients))
        client = self.clients[at]
        if client.waiting or self.world.happens(0.02):
            client.leave()
            self._refused += client.refusals
            self.clients[at] = self._come()
        elif len(self.promises.jobs) > self.habits.most_jobs:
            self._delete_some(client)
        else:
            ASKED.pick(self.world.chance)(self, client)
        client.flush()

    def _delete_some(self, client: SimClient) -> None:
        """Delete jobs where there are too many, old ones rather than new ones."""
        for id in sorted(self.promises.jobs)[: 1 + self.world.below(4)]:
            client.ask(self.engine.delete, id)

    # Values.

    def id(self) -> int:
        """The id of a job, which may be gone, or never have been."""
        if self.promises.jobs and self.world.happens(0.95):
            return self.world.chance.choice(list(self.promises.jobs))
        return max(1, self.engine.store.next_id - self.world.below(20))

    def tube(self) -> bytes:
        """The name of a tube."""
        return self.world.chance.choice(TUBES)

    def pri(self) -> int:
        """A pri."""
        return self.world.chance.choice(PRIS)

    def delay(self) -> int:
        """A delay in nanoseconds."""
        return self.world.chance.choice(DELAYS) * SECOND

    def ttr(self) -> int:
        """A ttr in nanoseconds."""
        return self.world.chance.choice(TTRS) * SECOND

    def body(self) -> bytes:
        """Bytes that are found nowhere else."""
        most = self.habits.body
        if self.habits.large and self.world.happens(0.02):
            most = self.habits.large
        return self.world.chance.randbytes(self.world.below(most))

    # Requests.

    def put(self, client: SimClient) -> None:
        """Put a job."""
        given = (self.pri(), self.delay(), self.ttr(), b"", self.body())
        client.ask(self.engine.producers.put, *given)

    def reserve(self, client: SimClient) -> None:
        """Take a job, or wait for one."""
        client.ask(self.engine.reserve, NEVER if self.world.happens(0.1) else 0)

    def work(self, client: SimClient) -> None:
        """End, or go on with, a job that is held."""
        held = [
            id
            for id, known in self.promises.jobs.items()
            if known.holder in (client.number, client.lease or b"")
        ]
        if not held:
            self.reserve(client)
            return
        self._end(client, self.world.chance.choice(held))

    def _end(self, client: SimClient, id: int) -> None:
        end = self.world.below(8)
        if end < 4:
            client.ask(self.engine.delete, id)
        elif end < 6:
            client.ask(self.engine.release, id, self.pri(), self.delay())
        elif end < 7:
            client.ask(self.engine.bury, id, self.pri())
        else:
            client.ask(self.engine.touch, id)

    def delete(self, client: SimClient) -> None:
        """Delete a job, whoever has it."""
        client.ask(self.engine.delete, self.id())

    def reserve_job(self, client: SimClient) -> None:
        """Take a job by its id."""
        client.ask(self.engine.reserve_job, self.id())

    def kick(self, client: SimClient) -> None:
        """Make several jobs ready."""
        client.ask(self.engine.kick, 1 + self.world.below(3))

    def kick_job(self, client: SimClient) -> None:
        """Make one job ready."""
        client.ask(self.engine.kick_job, self.id())

    def pause(self, client: SimClient) -> None:
        """Pause a tube, or let it go on."""
        length = self.world.chance.choice((0, 1, 50)) * SECOND
        client.ask(self.engine.pause_tube, self.tube(), length)

    def peek(self, client: SimClient) -> None:
        """Look at a job."""
        client.ask(self.engine.views.peek, self.id())

    def use(self, client: SimClient) -> None:
        """Turn to another tube."""
        client.ask(self.engine.lifetime.use, self.tube())
        client.ask(self.engine.lifetime.watch, self.tube())

    def commit(self, client: SimClient) -> None:
        """Do several things at once."""
        count = self.world.chance.choice((1, 1, 2, 5))
        client.commit([COMMITTED.pick(self.world.chance)(self) for _ in range(count)])


def _change(load: Workload) -> commands.Command:
    """Another tube, pri, delay, or several of them."""
    tube, pri, delay = load.world.chance.choices((True, False), k=3)
    return commands.Change(
        load.id(),
        load.tube() if tube else None,
        load.pri() if pri else None,
        load.delay() if delay else None,
    )


def _clear(load: Workload) -> commands.Command:
    states = tuple(state for state in STATES if load.world.happens(0.5))
    return commands.Clear(load.tube(), states)


def _put(load: Workload) -> commands.Command:
    given = (load.tube(), load.body(), load.pri(), load.delay(), load.ttr())
    return commands.Put(*given)


COMMITTED: Weighted[Callable[[Workload], commands.Command]] = Weighted(
    [
        (_put, 10),
        (lambda load: commands.Delete(load.id()), 4),
        (lambda load: commands.Hold(load.id(), load.body()[:9]), 4),
        (lambda load: commands.Free(load.id(), load.delay()), 4),
        (lambda load: commands.Note(load.id(), load.tube(), load.body()[:50]), 4),
        (lambda load: commands.Set(b"n", load.tube(), load.body()[:50]), 4),
        (lambda load: commands.Unset(b"n", load.tube()), 2),
        (_change, 4),
        (_clear, 1),
    ]
)
ASKED: Weighted[Callable[[Workload, SimClient], None]] = Weighted(
    [
        (Workload.put, 30),
        (Workload.reserve, 12),
        (Workload.work, 20),
        (Workload.delete, 8),
        (Workload.reserve_job, 4),
        (Workload.kick, 3),
        (Workload.kick_job, 4),
        (Workload.pause, 2),
        (Workload.peek, 3),
        (Workload.use, 4),
        (Workload.commit, 12),
    ]
)
