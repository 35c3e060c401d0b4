"""Reads transcripts of the protocol and plays them against any server.

A file holds scenarios. A scenario starts with `== what it shows`, has tags, then steps:

    differs: reason          upstream 1.12 answers otherwise (its replies: `S1!:`)
    skip WAY: reason         not played there (WAY: beanstalkd, server, real, model ...)
    option max-job-size=10   how the server is started
    C1: put 0 0 60 5\\r\\nhello    client 1 sends this and CRLF
    S1: INSERTED 1           one whole reply to client 1, CRLF added
      | name: "x"            a line of the body, LF added; the first, `---`, is implied
    S1!: TIMED_OUT           the reply the step above has from upstream instead
    S1 x5: TOUCHED           five times
    @raw 1 bytes             client 1 sends exactly these bytes
    @silence 1               nothing has arrived for client 1, and the server is idle
    @advance 1.5             time passes, in seconds
    @close 1, @halfclose 1   the client goes, or only stops sending
    @closed 1                the server has closed the connection
    @signal USR1             the server drains

Escapes are those of Python bytes; `{200*a}` repeats. In a reply `<int>`, `<any>`,
`<a|b>` match what they say, `<size>` the length of the body, `<quoted x>` is "x"
(bare in 1.12), and a body line `...` stands for any lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

REPEAT = re.compile(r"\{(\d+)\*([^{}]+)\}")
TOKEN = re.compile(r"<([^<>]+)>")
WITH_BODY = (b"OK ", b"RESERVED ", b"FOUND ")
SCENARIO_TAGS = ("differs:", "skip ", "option ")


class Conversation(Protocol):
    """Clients, by number, of one server that was started for one scenario."""

    def send(self, client: int, data: bytes) -> None: ...

    def receive(self, client: int) -> bytes:
        """One whole reply; what there is when no more comes; empty at the end."""
        ...

    def silent(self, client: int) -> bytes:
        """What has arrived and was not received, once the server is idle."""
        ...

    def half_close(self, client: int) -> None: ...

    def close(self, client: int) -> None: ...

    def closed(self, client: int) -> bool:
        """Whether the server has closed the connection."""
        ...

    def advance(self, seconds: float) -> None: ...

    def drain(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Step:
    """One thing that happens, or that must have happened."""

    line: int
    verb: str
    client: int = 0
    data: bytes = b""
    seconds: float = 0.0
    replies: list[str] = field(default_factory=list)
    upstream: list[str] | None = None


@dataclass
class Scenario:
    """One conversation that starts with a new server."""

    path: Path
    title: str
    differs: str = ""
    skip: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def waits(self) -> float:
        """The seconds that pass in it."""
        return sum(step.seconds for step in self.steps)


class TranscriptError(Exception):
    """A transcript that cannot be read."""


def unescape(text: str) -> bytes:
    """The bytes that a line of a transcript stands for."""
    text = REPEAT.sub(lambda m: m[2] * int(m[1]), text)
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def read_scenarios(path: Path) -> list[Scenario]:
    """All scenarios of one file."""
    scenarios: list[Scenario] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            if line.startswith("== "):
                scenarios.append(Scenario(path, line[3:].strip()))
            elif line.startswith(SCENARIO_TAGS):
                read_tag(scenarios[-1], line)
            else:
                read_step(scenarios[-1].steps, number, line)
        except (ValueError, IndexError) as error:
            raise TranscriptError(f"{path}:{number}: {line!r}: {error}") from error
    return scenarios


def read_tag(scenario: Scenario, line: str) -> None:
    """A tag between the title and the steps."""
    if line.startswith("differs:"):
        scenario.differs = line.removeprefix("differs:").strip()
    elif line.startswith("skip "):
        way, reason = line.removeprefix("skip ").split(":", 1)
        scenario.skip[way.strip()] = reason.strip()
    else:
        name, value = line.removeprefix("option ").split("=", 1)
        scenario.options[name.strip()] = value.strip()


def read_step(steps: list[Step], number: int, line: str) -> None:
    """One step, or a further line of the one before."""
    if line.startswith("@"):
        steps.append(read_directive(number, line))
        return
    if line.lstrip().startswith("|"):
        add_body_line(steps[-1], line.lstrip()[1:].removeprefix(" "))
        return
    found = re.fullmatch(r"([CS])(\d+)(!?)(?: x(\d+))?:(?: (.*))?", line)
    if found is None:
        raise ValueError("not a step")
    client, text = int(found[2]), found[5] or ""
    if found[1] == "C":
        data = unescape(text) + b"\r\n"
        steps.append(Step(number, "send", client, data))
    elif found[3]:
        add_upstream_reply(steps[-1], client, text)
    else:
        times = int(found[4] or 1)
        steps.append(Step(number, "expect", client, replies=[text] * times))


def read_directive(number: int, line: str) -> Step:
    """A step that starts with `@`."""
    verb, _, rest = line[1:].partition(" ")
    if verb == "advance":
        return Step(number, verb, seconds=float(rest))
    if verb == "signal" and rest == "USR1":
        return Step(number, "drain")
    if verb == "raw":
        client, _, text = rest.partition(" ")
        return Step(number, "send", int(client), unescape(text))
    if verb in ("silence", "close", "halfclose", "closed"):
        return Step(number, verb, int(rest))
    raise ValueError("no such directive")


def add_body_line(step: Step, text: str) -> None:
    """Add a line to the body of the latest reply."""
    replies = step.replies if step.upstream is None else step.upstream
    replies[-1] += "\n" + text


def add_upstream_reply(step: Step, client: int, text: str) -> None:
    """Add what upstream answers where the step expects something else."""
    if step.verb != "expect" or step.client != client:
        raise ValueError("an upstream reply must follow ours")
    step.upstream = step.upstream or []
    if text != "@nothing":
        step.upstream.append(text)


def pattern(reply: str, *, upstream: bool) -> re.Pattern[bytes]:
    """What a reply must match; a body line ends with LF, the reply with CRLF."""
    head, *body = reply.split("\n")
    parts = [line_pattern(head, upstream=upstream), rb"\r\n"]
    if body:
        parts.append(rb"(?P<body>---\n")
        parts += [body_line_pattern(line, upstream=upstream) for line in body]
        parts.append(rb")\r\n")
    return re.compile(b"".join(parts), re.DOTALL)


def body_line_pattern(line: str, *, upstream: bool) -> bytes:
    """What one line of a reply's body must match."""
    if line == "...":
        return rb"(?:[^\n]*\n)*"
    return line_pattern(line, upstream=upstream) + rb"\n"


def line_pattern(line: str, *, upstream: bool) -> bytes:
    """What the text of one line must match."""
    pieces = TOKEN.split(line)
    return b"".join(
        token_pattern(piece, upstream=upstream)
        if odd % 2
        else re.escape(unescape(piece))
        for odd, piece in enumerate(pieces)
    )


def token_pattern(token: str, *, upstream: bool) -> bytes:
    """What a token in angle brackets must match."""
    named = {"int": rb"\d+", "any": rb"[^\r\n]*", "size": rb"(?P<size>\d+)"}
    if token in named:
        return named[token]
    if token.startswith("quoted "):
        text = re.escape(unescape(token.removeprefix("quoted ")))
        return b'"?' + text + b'"?' if upstream else b'"' + text + b'"'
    if "|" in token:
        return (
            b"(?:" + b"|".join(re.escape(unescape(x)) for x in token.split("|")) + b")"
        )
    raise ValueError(f"no such token: <{token}>")


def matches(reply: str, got: bytes, *, upstream: bool) -> bool:
    """Whether the bytes that came are the reply."""
    found = pattern(reply, upstream=upstream).fullmatch(got)
    if found is None:
        return False
    groups = found.groupdict()
    return "size" not in groups or int(groups["size"]) == len(groups.get("body") or b"")


def split_reply(data: bytes | bytearray) -> int:
    """The length of the first whole reply; 0 while it is not complete."""
    end = data.find(b"\r\n") + 2
    if end < 2:
        return 0
    if data.startswith(WITH_BODY):
        end += int(data[: end - 2].rsplit(b" ", 1)[1]) + 2
    return end if len(data) >= end else 0


def play(scenario: Scenario, server: Conversation, *, upstream: bool = False) -> None:
    """Play all steps; the first one that goes wrong is an AssertionError."""
    clients = set()
    for step in scenario.steps:
        if step.client:
            clients.add(step.client)
        for complaint in play_step(step, server, upstream=upstream):
            place = f"{scenario.path.name}:{step.line}: {scenario.title}"
            raise AssertionError(f"{place}\n{complaint}")
        if step.verb in ("close", "closed"):
            clients.discard(step.client)
    for client in sorted(clients):
        rest = server.silent(client)
        assert not rest, f"{scenario.title}: client {client} also got {rest!r}"


def play_step(step: Step, server: Conversation, *, upstream: bool) -> Iterator[str]:
    """Do one step and say what went wrong."""
    if step.verb == "expect":
        yield from play_expect(step, server, upstream=upstream)
    elif step.verb == "silence":
        if got := server.silent(step.client):
            yield f"client {step.client} got {got!r} instead of nothing"
    elif step.verb == "closed":
        if not server.closed(step.client):
            yield f"the connection of client {step.client} is still open"
    else:
        act(step, server)


def act(step: Step, server: Conversation) -> None:
    """Do a step that expects nothing."""
    match step.verb:
        case "send":
            server.send(step.client, step.data)
        case "close":
            server.close(step.client)
        case "halfclose":
            server.half_close(step.client)
        case "advance":
            server.advance(step.seconds)
        case "drain":
            server.drain()
        case _:
            raise TranscriptError(f"no such step: {step.verb}")


def play_expect(step: Step, server: Conversation, *, upstream: bool) -> Iterator[str]:
    """Receive the replies of a step."""
    replies = step.replies
    if upstream and step.upstream is not None:
        replies = step.upstream
    for reply in replies:
        got = server.receive(step.client)
        if not matches(reply, got, upstream=upstream):
            yield f"client {step.client} expected {reply!r}\n  got {got!r}"
