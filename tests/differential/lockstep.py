"""Plays sequences against two servers, step by step, and compares what they answer.

After each step a control connection asks both servers until nothing new has come for
several rounds. A server with one thread has then written all it has to say.
"""

import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence as List
from dataclasses import dataclass, field

from tests.conformance.servers import IDLE_ROUNDS, Connection, ServerProcess
from tests.differential.commands import MAX_JOB_SIZE
from tests.differential.differences import Replies, explain
from tests.differential.replies import Reply, comparable, split
from tests.differential.sequences import CLIENTS, Sequence, Step, with_ids

DRIFT = 0.2  # seconds a timed sequence may take beside its waits
DELETED_AT_MOST = 400  # ids of one sequence
PROBE, PROBED = b"probe\r\n", b"UNKNOWN_COMMAND\r\n"
END = Reply(b"(closed)")


class Side:
    """One of the two servers, with its clients."""

    def __init__(self, command: List[str]) -> None:
        self.server = ServerProcess(command, MAX_JOB_SIZE)
        self.control = Connection(self.server.port)
        self.clients: dict[int, Connection] = {}
        self.base = 0

    def stop(self) -> None:
        for connection in (self.control, *self.clients.values()):
            connection.close()
        self.server.stop()

    def client(self, number: int) -> Connection:
        if number not in self.clients:
            self.clients[number] = Connection(self.server.port)
        return self.clients[number]

    def do(self, step: Step) -> None:
        """Let the client of the step act."""
        client = self.client(step.client)
        if step.kind == "close":
            client.close()
            del self.clients[step.client]
        elif step.kind == "halfclose":
            client.socket.shutdown(socket.SHUT_WR)
        else:
            self.send(client, with_ids(step.data, self.base), step.cuts)

    def pass_time(self, seconds: float) -> None:
        """A server sees for itself that time has passed."""

    def send(self, client: Connection, data: bytes, cuts: tuple[int, ...]) -> None:
        """Send in pieces that the server reads one by one."""
        begin = 0
        for cut in sorted(cuts):
            client.send(data[begin:cut])
            self.probe()
            begin = cut
        client.send(data[begin:])

    def probe(self) -> None:
        """One round trip on the control connection."""
        self.control.send(PROBE)
        answer = self.control.reply()
        assert answer == PROBED, answer

    def settle(self) -> dict[int, Replies]:
        """What each client got, once nothing more comes."""
        idle = 0
        while idle < IDLE_ROUNDS:
            self.probe()
            idle = 0 if self.read() else idle + 1
        return {number: self.taken(number) for number in CLIENTS}

    def read(self) -> bool:
        """Take what has arrived; whether there was anything."""
        open_ones = {c.socket: c for c in self.clients.values() if not c.ended}
        readable, _, _ = select.select(list(open_ones), [], [], 0)
        for each in readable:
            open_ones[each].read(0)
        return bool(readable)

    def taken(self, number: int) -> Replies:
        """What a client got; a connection that the server closed is given up."""
        if number not in self.clients:
            return ()
        client = self.clients[number]
        replies = [comparable(r, self.base) for r in split(self.arrived(client))]
        if client.ended:
            client.close()
            del self.clients[number]
            replies.append(END)
        return tuple(replies)

    def arrived(self, client: Connection) -> bytes:
        """The bytes that a client got."""
        return client.arrived()

    def clean(self) -> None:
        """Let all clients go, delete all jobs, and note the id that comes next."""
        for number in CLIENTS:  # one by one: a job may go to the next
            if number in self.clients:
                self.clients.pop(number).abort()
                self.settle()
        last = self.burn_id()
        assert last - self.base < DELETED_AT_MOST
        for number in range(self.base, last):
            self.control.send(b"delete %d\r\n" % number)
            self.control.reply()
        self.control.send(b"pause-tube default 0\r\n")
        assert self.control.reply() == b"PAUSED\r\n"
        self.base = last

    def burn_id(self) -> int:
        """An id that was not given yet; its job is deleted."""
        self.control.send(b"put 0 0 60 0\r\n\r\n")
        id = int(self.control.reply().split()[1])
        self.control.send(b"delete %d\r\n" % id)
        assert self.control.reply() == b"DELETED\r\n"
        return id


@dataclass
class Divergence:
    """A step after which a client got other replies, and no rule says why."""

    sequence: Sequence
    step: int
    client: int
    left: Replies
    right: Replies

    def __str__(self) -> str:
        steps = self.sequence.steps[: self.step + 1]
        lines = [f"seed {self.sequence.seed}, step {self.step}"]
        lines += [f"  {at:3} {step_text(step)}" for at, step in enumerate(steps)]
        lines += [f"client {self.client}", "  left  " + text(self.left)]
        return "\n".join([*lines, "  right " + text(self.right)])


def step_text(step: Step) -> str:
    if step.kind == "wait":
        return f"wait {step.seconds}"
    return f"{step.kind} {step.client} {step.data!r} {step.cuts or ''}"


def text(replies: Replies) -> str:
    return " ".join(f"{r.head!r} {' | '.join(r.lines)}" for r in replies) or "(nothing)"


@dataclass
class Account:
    """What was compared and what was found."""

    sequences: int = 0
    steps: int = 0
    replies: int = 0
    too_slow: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    divergences: list[Divergence] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        self.sequences += other.sequences
        self.steps += other.steps
        self.replies += other.replies
        self.too_slow += other.too_slow
        self.hits.update(other.hits)
        self.divergences += other.divergences


class Pair:
    """Two servers that are to answer alike."""

    def __init__(
        self, left: Callable[[], Side], right: Callable[[], Side], *, anew: bool = False
    ) -> None:
        self.starts = left, right
        self.anew = anew  # start both for each sequence
        self.sides: list[Side] = []

    def start(self) -> None:
        self.stop()
        self.sides = [start() for start in self.starts]

    def stop(self) -> None:
        for side in self.sides:
            side.stop()
        self.sides = []

    def play(self, sequence: Sequence) -> Account:
        """Play one sequence; the servers are the same for the next one if they can."""
        if not self.sides or sequence.waits or self.anew:
            self.start()
        for side in self.sides:
            side.clean()
        account = Account(sequences=1)
        begun = time.monotonic()
        alike = self.play_steps(sequence, account)
        took = time.monotonic() - begun
        if sequence.waits and took - sequence.waits > DRIFT:
            self.stop()
            return Account(too_slow=1)
        if not alike:
            self.stop()
        return account

    def play_steps(self, sequence: Sequence, account: Account) -> bool:
        """Play all steps; whether the servers are still alike."""
        for number, step in enumerate(sequence.steps):
            account.steps += 1
            self.do(step)
            left, right = (side.settle() for side in self.sides)
            for client in CLIENTS:
                account.replies += len(left[client])
                hits = explain(step, left[client], right[client])
                if hits is None:
                    found = (sequence, number, client, left[client], right[client])
                    account.divergences.append(Divergence(*found))
                    return False
                account.hits.update(rule.name for rule in hits)
                if any(rule.lasting for rule in hits):
                    return False
        return True

    def do(self, step: Step) -> None:
        """Let both sides act, or time pass for both."""
        if step.kind == "wait":
            select.select([], [], [], step.seconds)
            for side in self.sides:
                side.pass_time(step.seconds)
            return
        for side in self.sides:
            side.do(step)
