"""Random conversations of three clients, each the same for the same seed."""

import re
from dataclasses import dataclass, field
from random import Random

from tests.conformance.modelled import ModelConversation
from tests.differential.commands import MAX_JOB_SIZE, Commands, Flavour
from tests.differential.last_steps import LAST_STEPS, with_coming_ids

ID = re.compile(rb"<(\d+)>")
CLIENTS = (1, 2, 3)
LENGTH = 40
TIMED_LENGTH = 24
WAITS_AT_MOST = 4

QUICK = Flavour()
# Waits are 0.55 s or twice that: their sums stay away from whole seconds, where what
# comes first would be chance. One priority, because upstream serves the jobs that wake
# together in the order of waking.
DELAYS = Flavour(
    delays=(0, 1, 1, 2),
    pauses=(0, 1, 2),
    timeouts=(1, 2),
    pris=(5,),
    waits=(0.55, 1.1),
)
# Nobody waits: upstream misses the deadlines of silent owners, so that a waiting
# client would be served later, or with another job.
DEADLINES = Flavour(
    delays=(0, 0, 0, 100), ttrs=(0, 1, 2, 3), waits=(0.55, 1.1), may_block=False
)


@dataclass(frozen=True)
class Step:
    """A client sends bytes, goes, or stops sending; or time passes.

    `<n>` in the bytes is the n-th id from the start. `kind` is send, close, halfclose
    or wait; or the name of a last step that versions are known to answer differently.
    """

    kind: str
    client: int = 0
    data: bytes = b""
    cuts: tuple[int, ...] = ()
    seconds: float = 0.0


@dataclass
class Sequence:
    """The steps of one seed."""

    seed: int
    flavour: Flavour
    steps: list[Step] = field(default_factory=list)

    @property
    def waits(self) -> float:
        return sum(step.seconds for step in self.steps)


class Author:
    """Writes a sequence; the model runs along as its guide."""

    def __init__(self, seed: int, flavour: Flavour) -> None:
        self.random = Random(f"{seed} {flavour}")
        self.guide = ModelConversation({"max-job-size": str(MAX_JOB_SIZE)})
        self.commands = Commands(self.random, self.guide.model, flavour)
        self.sequence = Sequence(seed, flavour)

    def write(self) -> Sequence:
        flavour = self.sequence.flavour
        length = TIMED_LENGTH if flavour.waits else LENGTH
        pauses = self.random.sample(range(2, length), WAITS_AT_MOST)
        for number in range(length):
            if flavour.waits and number in pauses:
                self.wait(self.random.choice(flavour.waits))
            self.step(self.client())
        if not flavour.waits and self.random.random() < 0.25:
            self.last_step()
        return self.sequence

    def client(self) -> int:
        """Who comes next; seldom one that waits."""
        client = self.random.choice(CLIENTS)
        if self.waits(client) and self.random.random() < 0.8:
            client = self.random.choice([c for c in CLIENTS if c != client])
        return client

    def waits(self, client: int) -> bool:
        return self.guide.model.is_waiting(client)

    def step(self, client: int) -> None:
        lot = self.random.random()
        queued = client in self.guide.lines and self.guide.lines[client].input
        if lot < 0.02 and not queued:
            self.add(Step("close", client))
        elif lot < 0.03:
            self.add(Step("halfclose", client))
        elif lot < 0.04 and not self.waits(client):
            self.add(Step("send", client, b"quit\r\nlist-tubes\r\n"))
        else:
            self.add(self.sending(client))

    def sending(self, client: int) -> Step:
        """One command or several, in one piece or several."""
        count = self.random.choice([1, 1, 1, 1, 1, 2, 3, 5])
        if self.somebody_has_more():
            count = 1  # or two clients would run at once, in an order of chance
        commands = [self.commands.any(client) for _ in range(count)]
        if self.may_tie(client, commands):
            commands = [b"list-tubes\r\n"]
        data = b"".join(commands)
        if count > 1:  # only the first was written knowing who waits
            data = data.replace(b"reserve\r\n", b"reserve-with-timeout 0\r\n")
        cuts = self.random.sample(range(1, len(data)), self.random.choice([0, 0, 0, 1]))
        if self.random.random() < 0.05:
            cuts = list(range(1, min(len(data), 12)))
        return Step("send", client, data, tuple(cuts))

    def may_tie(self, client: int, commands: list[bytes]) -> bool:
        """Whether jobs might be delayed in one turn, in an order that is not theirs."""
        releases = sum(command.startswith(b"release ") for command in commands)
        return releases > 0 and (len(commands) > 1 or self.waits(client))

    def somebody_has_more(self) -> bool:
        """Whether a client that waits has sent further commands."""
        return any(self.waits(c) and line.input for c, line in self.guide.lines.items())

    def wait(self, seconds: float) -> None:
        """Time passes, then every client shows that it is alive."""
        self.add(Step("wait", seconds=seconds))
        for client in CLIENTS:
            if client in self.guide.lines and not self.waits(client):
                self.add(Step("send", client, b"alive\r\n"))

    def add(self, step: Step) -> None:
        """Note a step and let the guide follow."""
        self.sequence.steps.append(step)
        guide, client = self.guide, step.client
        if step.kind == "send":
            guide.send(client, with_ids(step.data, 0))
        elif step.kind == "wait":
            guide.advance(step.seconds)
        else:
            guide.line(client)
            (guide.close if step.kind == "close" else guide.half_close)(client)
        if client in guide.lines and guide.lines[client].ended:
            del guide.lines[client]

    def last_step(self) -> None:
        """Something that versions are known to answer differently."""
        client, other = self.random.sample([c for c in CLIENTS if not self.waits(c)], 2)
        last = self.random.choice(LAST_STEPS)
        next_id = self.guide.model.next_id
        for kind, who, data in [
            ("send", client, last.mine),
            ("send", other, last.other),
            (last.kind, client, last.data),
        ]:
            if data:
                step = Step(kind, who, with_coming_ids(data, next_id))
                self.sequence.steps.append(step)


def with_ids(data: bytes, base: int) -> bytes:
    """The bytes with ids counted from this one."""
    for number in ID.findall(data):
        data = data.replace(b"<%s>" % number, b"%d" % (base + int(number)))
    return data


def write_sequence(seed: int, flavour: Flavour) -> Sequence:
    """The sequence of a seed."""
    return Author(seed, flavour).write()
