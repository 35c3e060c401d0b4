"""Conversations with the reference model: a small wire of its own, and a manual clock.

The wire is the protocol's grammar as regular expressions, one for each command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.conformance.transcript import split_reply
from tests.property.model import DEFAULT_MAX_JOB_SIZE, Model, Replies
from tests.property.parts import SECOND

LONGEST_LINE = 224
U32, U64 = 2**32 - 1, 2**64 - 1
LONGEST_TIMEOUT = 2**31 - 1
NUMBER = rb" +(\d+)"
TUBE = rb"([A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]{0,199})"
Convert = Callable[[bytes], object]


class BadFormatError(Exception):
    """A line that is no command, though its first word is one."""


def up_to(limit: int) -> Convert:
    """A number that must not be larger."""

    def convert(digits: bytes) -> int:
        if int(digits) > limit:
            raise BadFormatError
        return int(digits)

    return convert


def bound(text: bytes) -> int:
    """A number as C reads it: signed, and cut to 32 bits."""
    if abs(int(text)) > U64:
        raise BadFormatError
    return int(text) & U32


id_, u32, timeout = up_to(U64), up_to(U32), up_to(LONGEST_TIMEOUT)

# In the order in which the words are looked for: a line belongs to the first word it
# begins with. Then what must follow, and what the model calls it.
GRAMMAR: list[tuple[bytes, bytes, str, tuple[Convert, ...]]] = [
    (b"put ", NUMBER * 4 + rb"(.*)", "put", (u32, u32, u32, u32, bytes)),
    (b"peek ", NUMBER, "peek", (id_,)),
    (b"peek-ready", b"", "peek_ready", ()),
    (b"peek-delayed", b"", "peek_delayed", ()),
    (b"peek-buried", b"", "peek_buried", ()),
    (b"reserve-with-timeout ", NUMBER + rb".*", "reserve", (timeout,)),
    (b"reserve-job ", NUMBER, "reserve_job", (id_,)),
    (b"reserve", b"", "reserve", ()),
    (b"delete ", NUMBER, "delete", (id_,)),
    (b"release ", NUMBER * 3, "release", (id_, u32, u32)),
    (b"bury ", NUMBER * 2, "bury", (id_, u32)),
    (b"kick ", rb"[ \t]+([-+]?\d+).*", "kick", (bound,)),
    (b"kick-job ", NUMBER, "kick_job", (id_,)),
    (b"touch ", NUMBER, "touch", (id_,)),
    (b"stats-job ", NUMBER, "stats_job", (id_,)),
    (b"stats-tube ", b" " + TUBE, "stats_tube", (bytes.decode,)),
    (b"use ", b" " + TUBE, "use", (bytes.decode,)),
    (b"watch ", b" " + TUBE, "watch", (bytes.decode,)),
    (b"ignore ", b" " + TUBE, "ignore", (bytes.decode,)),
    (b"list-tubes-watched", b"", "list_tubes_watched", ()),
    (b"list-tube-used", b"", "list_tube_used", ()),
    (b"list-tubes", b"", "list_tubes", ()),
    (b"pause-tube", b" *" + TUBE + NUMBER, "pause_tube", (bytes.decode, u32)),
    (b"quit", b".*", "quit", ()),
]


def parse(line: bytes) -> tuple[str, list[object]]:
    """The model's name of a command and its arguments; no name if there is none."""
    if b"\0" in line:
        raise BadFormatError
    for word, rest, name, converts in GRAMMAR:
        if line.startswith(word):
            pattern = re.compile(re.escape(word.rstrip()) + rest, re.DOTALL)
            match = pattern.fullmatch(line)
            if match is None:
                raise BadFormatError
            values = zip(converts, match.groups(), strict=True)
            return name, [convert(text) for convert, text in values]
    if line.startswith(b"stats"):
        raise BadFormatError
    return "", []


@dataclass
class Line:
    """One client's bytes in both directions."""

    input: bytearray = field(default_factory=bytearray)
    output: bytearray = field(default_factory=bytearray)
    half_closed: bool = False
    ended: bool = False


class ModelConversation:
    """The clients of a transcript, answered by the model."""

    def __init__(self, options: dict[str, str], tick: int = 0) -> None:
        self.model = Model(int(options.get("max-job-size", DEFAULT_MAX_JOB_SIZE)))
        self.now = 0
        self.tick = tick  # the time that a command takes
        self.lines: dict[int, Line] = {}

    def line(self, client: int) -> Line:
        if client not in self.lines:
            self.lines[client] = Line()
            self.model.meet(client)
        return self.lines[client]

    def send(self, client: int, data: bytes) -> None:
        self.line(client).input += data
        self.run()

    def receive(self, client: int) -> bytes:
        line = self.line(client)
        size = split_reply(line.output) or len(line.output)
        reply = bytes(line.output[:size])
        del line.output[:size]
        return reply

    def silent(self, client: int) -> bytes:
        return bytes(self.line(client).output)

    def half_close(self, client: int) -> None:
        self.line(client).half_closed = True
        self.deliver(self.model.half_close(self.now, client))
        self.run()

    def close(self, client: int) -> None:
        self.end(client)
        self.run()

    def end(self, client: int) -> None:
        """The connection is closed, by whichever side."""
        self.line(client).ended = True
        self.deliver(self.model.close(self.now, client))

    def closed(self, client: int) -> bool:
        return self.line(client).ended and not self.line(client).output

    def advance(self, seconds: float) -> None:
        """Let time pass; who is answered meanwhile goes on at that moment."""
        end = self.now + round(seconds * SECOND)
        while (now := min([end, *self.model.moments()])) < end:
            self.pass_time(now)
        self.pass_time(end)

    def pass_time(self, now: int) -> None:
        self.now = max(self.now, now)
        self.deliver(self.model.advance(self.now))
        self.run()

    def drain(self) -> None:
        self.model.drain()

    def stop(self) -> None:
        self.lines.clear()

    def run(self) -> None:
        """Do every command that is complete, of all clients that do not wait."""
        while self.step_all() or self.end_one():
            pass

    def step_all(self) -> bool:
        """Do one command of each client; False when there is none."""
        busy = False
        for client in filter(self.may_go_on, list(self.lines)):
            busy = self.step(client, self.lines[client]) or busy
        return busy

    def end_one(self) -> bool:
        """Close one connection whose client sends no more; False when there is none."""
        for client, line in self.lines.items():
            if line.half_closed and self.may_go_on(client):
                self.end(client)
                return True
        return False

    def may_go_on(self, client: int) -> bool:
        return not self.lines[client].ended and not self.model.is_waiting(client)

    def step(self, client: int, line: Line) -> bool:
        """Do one command; False when it is not complete."""
        end = line.input.find(b"\r\n")
        if end < 0:
            return False
        text = bytes(line.input[:end])
        if end + 2 > LONGEST_LINE:
            reply, size = b"BAD_FORMAT\r\n", end + 2
        else:
            reply, size = self.execute(client, line, text)
        del line.input[:size]
        line.output += reply
        self.now += self.tick
        return size > 0

    def execute(self, client: int, line: Line, text: bytes) -> tuple[bytes, int]:
        """Do the command of a line: what to say at once, and the bytes it took."""
        size = len(text) + 2
        try:
            name, arguments = parse(text)
        except BadFormatError:
            return b"BAD_FORMAT\r\n", size
        if name == "put":
            return self.put(client, line, size, arguments)
        if name == "quit":
            self.end(client)
        elif name:
            self.deliver(self.model.do(self.now, client, name, *arguments))
        return b"" if name else b"UNKNOWN_COMMAND\r\n", size

    def put(
        self, client: int, line: Line, start: int, arguments: list[object]
    ) -> tuple[bytes, int]:
        """Do a put when its body is complete."""
        *numbers, size, garbage = arguments
        assert isinstance(size, int)
        if garbage and size <= self.model.max_job_size:
            return b"BAD_FORMAT\r\n", start
        end = start + size + 2
        if len(line.input) < end:
            return b"", 0
        body = bytes(line.input[start : end - 2])
        if size <= self.model.max_job_size and line.input[end - 2 : end] != b"\r\n":
            replies = self.model.do(self.now, client, "expected_crlf")
        else:
            replies = self.model.do(self.now, client, "put", *numbers, body)
        self.deliver(replies)
        return b"", end

    def deliver(self, replies: Replies) -> None:
        """Write replies where the clients will read them."""
        for client, reply in replies:
            self.lines[client].output += reply
