"""Conversations with our engine and wire, glued without sockets, on a manual clock."""

from dataclasses import dataclass, field

from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs
from tests.conformance.servers import DEFAULT_MAX_JOB_SIZE
from tests.conformance.transcript import split_reply

SECOND = 1_000_000_000
ALWAYS = 0xFFFFFFFFFFFFFFFF


@dataclass
class Wire:
    """One client: its session and what the session has not taken yet."""

    session: BeanstalkSession
    input: bytearray = field(default_factory=bytearray)
    output: bytearray = field(default_factory=bytearray)
    half_closed: bool = False
    ended: bool = False

    def feed(self) -> bool:
        """Run what can be run; False when nothing was."""
        if self.ended or not self.input or not self.session.is_runnable():
            return False
        taken = self.session.receive(bytes(self.input))
        del self.input[:taken]
        return taken > 0

    def collect(self) -> None:
        """Take what may leave the outbox."""
        self.output += bytes(self.session.outbox)
        self.session.sent(len(self.session.outbox))


class GluedConversation:
    """The clients of a transcript; each batch is durable at once."""

    def __init__(self, options: dict[str, str]) -> None:
        self.engine = Engine()
        self.engine.turn.durable = ALWAYS
        size = int(options.get("max-job-size", DEFAULT_MAX_JOB_SIZE))
        self.engine.policy.max_job_size = size
        self.engine.views.surroundings = self.surroundings
        self.verbs = Verbs(self.engine)
        self.lines: dict[int, Wire] = {}

    def surroundings(self) -> dict[str, object]:
        """What stats shows of the process, where there is none."""
        draining = self.engine.policy.draining
        return {
            "max-job-size": self.engine.policy.max_job_size,
            "pid": 1,
            "version": '"glued"',
            "rusage-utime": "0.000000",
            "rusage-stime": "0.000000",
            "uptime": self.engine.turn.now // SECOND,
            "binlog-oldest-index": 0,
            "binlog-current-index": 0,
            "binlog-records-migrated": 0,
            "binlog-records-written": 0,
            "binlog-max-size": 10485760,
            "draining": "true" if draining else "false",
            "id": "a000000000000000",
            "hostname": '"glued"',
            "os": '"none"',
            "platform": '"none"',
        }

    def line(self, client: int) -> Wire:
        if client not in self.lines:
            session = BeanstalkSession(self.engine, self.verbs)
            self.engine.open(session)
            self.lines[client] = Wire(session)
        return self.lines[client]

    def send(self, client: int, data: bytes) -> None:
        self.line(client).input += data
        self.run()

    def receive(self, client: int) -> bytes:
        output = self.line(client).output
        size = split_reply(output) or len(output)
        reply = bytes(output[:size])
        del output[:size]
        return reply

    def silent(self, client: int) -> bytes:
        return bytes(self.line(client).output)

    def half_close(self, client: int) -> None:
        self.line(client).half_closed = True
        self.run()

    def close(self, client: int) -> None:
        self.end(self.line(client))
        self.run()

    def end(self, wire: Wire) -> None:
        """The connection is closed, by whichever side."""
        wire.ended = True
        self.engine.close(wire.session)

    def closed(self, client: int) -> bool:
        return self.line(client).ended and not self.line(client).output

    def advance(self, seconds: float) -> None:
        """Let time pass, and stop at each moment at which something is due."""
        end = self.engine.turn.now + round(seconds * SECOND)
        while (moment := self.engine.next_moment()) < end:
            self.engine.tick(moment)
            self.run()
        self.engine.tick(end)
        self.run()

    def drain(self) -> None:
        self.engine.policy.draining = True

    def stop(self) -> None:
        self.lines.clear()

    def run(self) -> None:
        """Run every command that is complete, as the loop would, turn by turn."""
        while self.feed_all() or self.end_one():
            self.engine.turn.swap(Batch())
        self.engine.turn.take_spoken()
        for wire in self.lines.values():
            wire.collect()

    def feed_all(self) -> bool:
        """Give every client its turn; False when there was nothing to do."""
        busy = False
        for wire in self.lines.values():
            busy = wire.feed() or busy
        return busy

    def end_one(self) -> bool:
        """Close one connection that is over; False when there is none."""
        for wire in self.lines.values():
            if wire.half_closed and wire.session.waiting:
                self.engine.give_up(wire.session)
                return True
            over = wire.session.quitting or wire.half_closed
            if over and not wire.ended and not wire.session.waiting:
                wire.collect()
                self.end(wire)
                return True
        return False
