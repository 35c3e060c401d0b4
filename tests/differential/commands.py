"""Single commands, valid and broken, chosen by a seeded random source.

The reference model runs along as a guide, so that ids are often those of jobs there
are and nobody waits unless the order of waiting clients is certain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.conformance.modelled import LONGEST_TIMEOUT, BadFormatError, parse
from tests.property.model import Model

MAX_JOB_SIZE = 100
TUBES = ["default", "default", "a", "b", "x_y-(1)", "t" * 200]
BAD_NUMBERS = [b"-1", b"+1", b"abc", b"1x", b"\t1", b"", b"4294967296", b"1.5"]
BAD_NUMBERS += [b"18446744073709551616", b"9" * 40, b"0x10"]
# No CR alone: in the body of a refused put it would be read as part of a line.
BODY_PARTS = [b"a", b"b", b"x", b" ", b"\n", b"\0", b"\xff", b"\r\n"]
CR_IS_MISSED = 223  # upstream misses the end of a line of so many bytes


@dataclass(frozen=True)
class Flavour:
    """Which durations a sequence uses, and whether clients may wait in it."""

    delays: tuple[int, ...] = (0, 0, 0, 0, 0, 100, 200, 4294967295)
    ttrs: tuple[int, ...] = (60, 100, 120, 4294967295)
    pauses: tuple[int, ...] = (0, 0, 100, 4294967295)
    timeouts: tuple[int, ...] = (100, 1000, LONGEST_TIMEOUT)
    pris: tuple[int, ...] = (0, 1, 5, 5, 1023, 1024, 2**31, 2**32 - 1)
    waits: tuple[float, ...] = ()
    may_block: bool = True
    global_stats: bool = True


class Commands:
    """Chooses the next command of a client."""

    def __init__(self, random: Random, model: Model, flavour: Flavour) -> None:
        self.random = random
        self.model = model
        self.flavour = flavour

    def any(self, client: int) -> bytes:
        """One command with all its bytes; sometimes it is broken."""
        weights = [weight for weight, _ in WEIGHTED]
        [(_, make)] = self.random.choices(WEIGHTED, weights)
        command = make(self, client)
        if self.random.random() < 0.12:
            command = self.broken(command)
        return command

    def number(self, values: tuple[int, ...]) -> bytes:
        return b"%d" % self.random.choice(values)

    def id(self, _: int = 0) -> bytes:
        """An id, most often of a job there is, counted from the sequence's first."""
        lot = self.random.random()
        if lot < 0.03:
            return self.random.choice([b"0", b"18446744073709551615"])
        if lot < 0.85 and self.model.jobs:
            return b"<%d>" % self.random.choice(sorted(self.model.jobs))
        return b"<%d>" % self.random.randint(1, self.model.next_id + 1)

    def own_id(self, client: int) -> bytes:
        """An id, most often of a job the client has reserved."""
        held = self.model.held(self.model.meet(client))
        if held and self.random.random() < 0.8:
            return b"<%d>" % self.random.choice(held).id
        return self.id()

    def tube(self) -> bytes:
        return self.random.choice(TUBES).encode()

    def pri(self) -> bytes:
        return self.number(self.flavour.pris)

    def delay(self) -> bytes:
        return self.number(self.flavour.delays)

    def body(self) -> bytes:
        size = self.random.choice([0, 1, 5, 20, MAX_JOB_SIZE - 1, MAX_JOB_SIZE])
        parts = self.random.choices(BODY_PARTS, k=size)
        return b"".join(parts)[:size].removesuffix(b"\r")

    def put(self, _: int) -> bytes:
        body = self.body()
        numbers = self.pri(), self.delay(), self.number(self.flavour.ttrs), len(body)
        return b"put %s %s %s %d\r\n%s\r\n" % (*numbers, body)

    def put_too_big(self, _: int) -> bytes:
        size = self.random.choice([MAX_JOB_SIZE + 1, 150, 222, 224, 300, 500])
        return b"put 0 0 60 %d%s\r\n%s\r\n" % (
            size,
            self.random.choice([b"", b" x"]),
            b"y" * size,
        )

    def put_without_end(self, _: int) -> bytes:
        size = self.random.randint(0, 20)
        return b"put 0 0 60 %d\r\n%sz\r\n" % (size, b"z" * (size + 1))

    def reserve(self, _: int) -> bytes:
        """A reserve that may wait, if nobody waits already."""
        if self.model.waiting or not self.flavour.may_block:
            return b"reserve-with-timeout 0\r\n"
        timeout = self.number(self.flavour.timeouts)
        waits = [b"reserve\r\n", b"reserve-with-timeout %s\r\n" % timeout]
        return self.random.choice(waits)

    def reserve_now(self, _: int) -> bytes:
        tail = self.random.choice([b"", b"", b"", b"abc", b" 0", b" "])
        return b"reserve-with-timeout 0%s\r\n" % tail

    def release(self, client: int) -> bytes:
        return b"release %s %s %s\r\n" % (
            self.own_id(client),
            self.pri(),
            self.delay(),
        )

    def bury(self, client: int) -> bytes:
        return b"bury %s %s\r\n" % (self.own_id(client), self.pri())

    def kick(self, _: int) -> bytes:
        bounds = [b"0", b"1", b"+1", b"1abc", b"4294967297"]
        if not self.model.waiting:  # whom upstream would give the first one kicked
            bounds += [b"2", b"100", b"-1", b"+5", b"2abc"]
        return b"kick %s\r\n" % self.random.choice(bounds)

    def pause(self, _: int) -> bytes:
        gap = self.random.choice([b" ", b" ", b"", b"   "])
        length = self.number(self.flavour.pauses)
        return b"pause-tube%s%s %s\r\n" % (gap, self.tube(), length)

    def alone(self, _: int) -> bytes:
        words = [b"peek-ready", b"peek-delayed", b"peek-buried", b"list-tubes"]
        words += [b"list-tube-used", b"list-tubes-watched"]
        words += [b"stats"] if self.flavour.global_stats else []
        return self.random.choice(words) + b"\r\n"

    def nonsense(self, _: int) -> bytes:
        lines = [b"", b" ", b"nope", b"put", b"use", b"PUT 0 0 0 0", b"reserve-x"]
        lines += [b"statsx", b"list-tube", b"peek-", b"stats\n", b"\0", b"use \xff"]
        lines += [
            b"stats-job",
            b"kick",
            b"z" * self.random.choice([222, 224, 300, 700]),
        ]
        return self.random.choice(lines) + b"\r\n"

    def broken(self, command: bytes) -> bytes:
        """The command with one thing wrong, or as it was."""
        line, _, rest = command.partition(b"\r\n")
        words = line.split(b" ")
        lot = self.random.randrange(6)
        at = self.random.randrange(len(words))
        if lot == 0:
            words.pop(at)
        elif lot == 1:
            words.append(self.random.choice([b"", b"x", b"1"]))
        elif lot == 2 and at:
            words[at] = self.random.choice(BAD_NUMBERS)
        elif lot == 3:
            words.insert(at, b"")
        elif lot == 4:
            words[at] = words[at].upper()
        else:
            words[at] += self.random.choice([b"\0", b"\t", b":", b"\xc3"])
        wrong = b" ".join(words)
        return wrong + b"\r\n" + rest if is_certain(wrong, rest) else command


def is_certain(line: bytes, rest: bytes) -> bool:
    """Whether all versions read the line alike, and a put has the body it tells."""
    if len(line) == CR_IS_MISSED:
        return False
    if line.startswith(b"reserve-with-timeout ") and b"\0" not in line:
        return line == b"reserve-with-timeout 0"
    try:
        name, arguments = parse(line.replace(b"<", b"").replace(b">", b""))
    except BadFormatError:
        return True
    if name == "put":
        return arguments[-2] == len(rest) - 2
    return name not in ("reserve", "quit")


def with_id(word: bytes) -> Callable[[Commands, int], bytes]:
    return lambda commands, client: b"%s %s\r\n" % (word, commands.id(client))


def with_own_id(word: bytes) -> Callable[[Commands, int], bytes]:
    return lambda commands, client: b"%s %s\r\n" % (word, commands.own_id(client))


def with_tube(word: bytes) -> Callable[[Commands, int], bytes]:
    return lambda commands, _: b"%s %s\r\n" % (word, commands.tube())


WEIGHTED: list[tuple[int, Callable[[Commands, int], bytes]]] = [
    (24, Commands.put),
    (1, Commands.put_too_big),
    (1, Commands.put_without_end),
    (5, Commands.reserve),
    (9, Commands.reserve_now),
    (3, with_id(b"reserve-job")),
    (6, with_own_id(b"delete")),
    (2, with_id(b"delete")),
    (6, Commands.release),
    (6, Commands.bury),
    (3, with_own_id(b"touch")),
    (4, Commands.kick),
    (3, with_id(b"kick-job")),
    (2, with_id(b"peek")),
    (7, Commands.alone),
    (4, with_tube(b"use")),
    (4, with_tube(b"watch")),
    (3, with_tube(b"ignore")),
    (5, with_id(b"stats-job")),
    (3, with_tube(b"stats-tube")),
    (2, Commands.pause),
    (2, Commands.nonsense),
]
