"""What to ask of a server under test: commands by chance, from one seed.

Nothing here has a socket. `Jobs` is what the answers told about jobs, `Load` chooses
the next command of a connection; the same seed and the same answers give the same
commands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from penstock.testing.history import Operation

TUBES = ("alder", "birch", "cedar", "dogwood")
MOST_ALIVE = 400  # jobs, from where on more are consumed than put
BEYOND = 64  # ids behind the last known one that may be there unacknowledged
MOST_U32 = (1 << 32) - 1

PRIS = (0, 1, 1, 2, 3, 5, 5, 8, 1023, 1024, 1000000, MOST_U32)
DELAYS = (0, 0, 0, 0, 0, 0, 1, 2, 90, 5000)
TTRS = (0, 1, 2, 60, 60, 120, 120, 3600, MOST_U32)
PAUSES = (0, 0, 0, 1)
LONG_PAUSES = (0, 60)

# What follows a verb; the others take an id or nothing.
ARGUMENTS = {
    "reserve-with-timeout": ("seconds",),
    "kick": ("bound",),
    "pause-tube": ("tube", "seconds"),
    "release": ("id", "pri", "delay"),
    "bury": ("id", "pri"),
    "use": ("tube",),
    "watch": ("tube",),
    "ignore": ("tube",),
}

# How long commands stay in a row that is sent at once.
DEPTHS = (1, 1, 1, 1, 2, 3, 8, 16)

# What bodies are made of that parsers may trip over.
PIECES = (
    b"\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"delete 1\r\n",
    b"RESERVED 1 2\r\n",
    b"\xff\xfe",
)


@dataclass(frozen=True, slots=True)
class Request:
    """A command to be sent; `tubes` are the ones that a reserve takes from."""

    verb: str
    id: int = 0
    tube: str = ""
    tubes: tuple[str, ...] = ()
    pri: int = 0
    delay: int = 0
    ttr: int = 0
    bound: int = 0
    seconds: int = 0
    body: bytes | None = None

    def line(self) -> bytes:
        """Give the bytes that are sent."""
        if self.body is not None:
            numbers = f"{self.pri} {self.delay} {self.ttr} {len(self.body)}"
            return b"put %s\r\n%s\r\n" % (numbers.encode(), self.body)
        return f"{' '.join([self.verb, *self._arguments()])}\r\n".encode()

    def _arguments(self) -> list[str]:
        names = ARGUMENTS.get(self.verb, ("id",) if self.id else ())
        return [str(getattr(self, name)) for name in names]


@dataclass
class Jobs:
    """What the answers told: which jobs there are, who holds which, which are gone."""

    alive: dict[int, str] = field(default_factory=dict)  # id -> tube, "" if unknown
    gone: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)  # gone since the last look
    held: dict[int, list[int]] = field(default_factory=dict)  # by connection
    highest: int = 0

    def learn(self, operation: Operation) -> None:
        """Take an answer into account."""
        id, answer = operation.id, operation.answer
        held = self.held.setdefault(operation.connection, [])
        if answer in ("INSERTED", "RESERVED", "FOUND") or (
            answer == "BURIED" and operation.verb == "put"
        ):
            self.highest = max(self.highest, id)
            self.alive.setdefault(id, operation.tube)
        if answer == "RESERVED":
            held.append(id)
        elif operation.verb in ("delete", "release", "bury"):
            if id in held:
                held.remove(id)
            if answer == "DELETED":
                self.alive.pop(id, None)
                self.gone.add(id)
                self.fresh.add(id)

    def let_go(self) -> None:
        """No connection is there any more."""
        self.held.clear()

    def to_look_at(self, rng: Random) -> list[int]:
        """Give the ids that a look at the server should ask for: all that may be there,
        those deleted since the last look, and some that were deleted long ago."""
        past = range(1, self.highest + BEYOND)
        ids = {id for id in past if id not in self.gone} | self.fresh
        ids.update(rng.choice(past) for _ in range(50))
        self.fresh.clear()
        return sorted(ids)


class Load:
    """Chooses commands. Connections have leanings: of three, one puts, one works, one
    looks around and meddles."""

    def __init__(self, seed: str, jobs: Jobs, largest: int = 65535) -> None:
        self.rng = Random(seed)  # noqa: S311  (no secret)
        self.seed = seed
        self.jobs = jobs
        self.largest = largest
        self._bodies = 0

    def depth(self) -> int:
        """Choose how many commands go out at once."""
        return self.rng.choice(DEPTHS)

    def tubes(self) -> tuple[str, ...]:
        """Choose what a connection watches."""
        return tuple(sorted(self.rng.sample(TUBES, self.rng.randint(1, len(TUBES)))))

    def request(self, connection: int, tubes: tuple[str, ...]) -> Request:
        """Choose a connection's next command."""
        leaning = (self._put, self._work, self._meddle)[connection % 3]
        if self.rng.random() < 0.15:
            leaning = self.rng.choice((self._put, self._work, self._meddle))
        return leaning(connection, tubes)

    def _put(self, connection: int, tubes: tuple[str, ...]) -> Request:
        if len(self.jobs.alive) > MOST_ALIVE:
            return self._work(connection, tubes)
        return Request(
            "put",
            tube=self.rng.choice(TUBES),
            pri=self.rng.choice(PRIS),
            delay=self.rng.choice(DELAYS),
            ttr=self.rng.choice(TTRS),
            body=self.body(),
        )

    def body(self) -> bytes:
        """Make a body that is like no other, unless it is too small for that."""
        self._bodies += 1
        name = f"{self.seed}/{self._bodies}:".encode()
        chance = self.rng.random()
        if chance < 0.03:
            size = self.rng.randint(0, 3)
        elif chance < 0.85:
            size = self.rng.randint(10, 300)
        elif chance < 0.97:
            size = self.rng.randint(300, 9000)
        else:
            size = self.rng.choice((16383, 16384, 65534, 65535, self.largest))
        size = min(size, self.largest)
        filling = self.rng.choice((b"", *PIECES)) or self.rng.randbytes(251)
        return (name + filling * (size // len(filling) + 1))[:size]

    def _work(self, connection: int, tubes: tuple[str, ...]) -> Request:
        held = self.jobs.held.get(connection)
        if not held or self.rng.random() < 0.3:
            return self._reserve(tubes)
        id = self.rng.choice(held)
        verb = self.rng.choices(
            ("delete", "release", "bury", "touch"),
            (5 if len(self.jobs.alive) > MOST_ALIVE // 2 else 2, 3, 2, 1),
        )[0]
        delay = self.rng.choice(DELAYS) if verb == "release" else 0
        pri = self.rng.choice(PRIS) if verb in ("release", "bury") else 0
        return Request(verb, id=id, pri=pri, delay=delay)

    def _reserve(self, tubes: tuple[str, ...]) -> Request:
        chance = self.rng.random()
        if chance < 0.005:
            return Request("reserve", tubes=tubes)
        seconds = 1 if chance < 0.015 else 0
        return Request("reserve-with-timeout", tubes=tubes, seconds=seconds)

    def _meddle(self, _connection: int, tubes: tuple[str, ...]) -> Request:
        meddling: tuple[tuple[int, Callable[[], Request]], ...] = (
            (4, lambda: Request("stats-job", id=self._any_job())),
            (4, lambda: Request("peek", id=self._any_job())),
            (1, lambda: Request("peek-ready", tube=self.rng.choice(TUBES))),
            (1, lambda: Request("peek-delayed", tube=self.rng.choice(TUBES))),
            (2, lambda: Request("peek-buried", tube=self.rng.choice(TUBES))),
            (3, lambda: Request("kick-job", id=self._any_job())),
            (1, self._kick),
            (3, lambda: Request("delete", id=self._any_job())),
            (1, lambda: Request("release", id=self._any_job(), pri=9)),
            (1, lambda: Request("touch", id=self._any_job())),
            (1, self._pause),
            (2, lambda: self._reserve(tubes)),
        )
        weights = [weight for weight, _ in meddling]
        chosen: Callable[[], Request] = self.rng.choices(
            [choice for _, choice in meddling], weights
        )[0]
        return chosen()

    def _kick(self) -> Request:
        bound = self.rng.choice((1, 1, 2, 10))
        return Request("kick", tube=self.rng.choice(TUBES), bound=bound)

    def _pause(self) -> Request:
        tube = self.rng.choice(TUBES)
        seconds = self.rng.choice(LONG_PAUSES if tube == TUBES[-1] else PAUSES)
        return Request("pause-tube", tube=tube, seconds=seconds)

    def _any_job(self) -> int:
        """Choose a job, mostly one that is there."""
        if self.jobs.alive and self.rng.random() < 0.9:
            return self.rng.choice(list(self.jobs.alive))
        return self.rng.randint(1, self.jobs.highest + 3)
