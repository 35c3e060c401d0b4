"""Stories about the engine: clients that say what they heard, and events read back.

The reader of events here is written from the format's description, not from the code.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from penstock.core import kinds
from penstock.core.engine import Engine
from penstock.core.session import Session

Said = tuple[Any, ...]

SECOND = 1_000_000_000
NEVER = 0xFFFFFFFFFFFFFFFF
ALWAYS = NEVER


class Client(Session):
    """A client that keeps what it is told, as tuples."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.index.tube(b"default"))
        self._heard: list[Said] = []
        engine.open(self)

    def heard(self) -> list[Said]:
        """Give what was said since the last time."""
        heard, self._heard = self._heard, []
        return heard

    def _say(self, *words) -> None:
        self._heard.append(words)
        self.outbox.add(b".")

    def say_inserted(self, id):
        self._say("inserted", id)

    def say_exists(self, id):
        self._say("exists", id)

    def say_reserved(self, id, body, extra):
        self._say("reserved", id, body)

    def say_found(self, id, body, extra):
        self._say("found", id, body)

    def say_deleted(self):
        self._say("deleted")

    def say_released(self):
        self._say("released")

    def say_buried(self):
        self._say("buried")

    def say_touched(self):
        self._say("touched")

    def say_kicked(self, count):
        self._say("kicked", count)

    def say_kicked_job(self):
        self._say("kicked job")

    def say_paused(self):
        self._say("paused")

    def say_committed(self, results):
        self._say("committed", results)

    def say_refused(self, refusal, at):
        self._say("refused", refusal, at)

    def say_not_found(self):
        self._say("not found")

    def say_timed_out(self):
        self._say("timed out")

    def say_deadline_soon(self):
        self._say("deadline soon")

    def say_using(self, name):
        self._say("using", name)

    def say_watching(self, count):
        self._say("watching", count)

    def say_not_ignored(self):
        self._say("not ignored")

    def say_draining(self):
        self._say("draining")

    def say_out_of_memory(self):
        self._say("out of memory")

    def say_text(self, content):
        self._say("text", content)


# Q, I and B are numbers, s is a short string, * a list; attributes follow.
LAYOUTS = {
    kinds.PUT: "id:Q pri:I created:Q delay:Q due:Q ttr:Q tube:s",
    kinds.RESERVE: "id:Q until:Q",
    kinds.TOUCH: "id:Q until:Q",
    kinds.RETURN: "id:Q reason:B",
    kinds.RELEASE: "id:Q pri:I delay:Q due:Q",
    kinds.BURY: "id:Q pri:I reason:B place:Q",
    kinds.KICK: "ids:*",
    kinds.HOLD: "id:Q",
    kinds.FREE: "id:Q due:Q",
    kinds.CHANGE: "id:Q mask:B pri:I due:Q tube:s",
    kinds.DELETE: "id:Q reason:B",
    kinds.CLEAR: "states:B up_to:Q now:Q tube:s",
    kinds.PAUSE: "length:Q until:Q tube:s",
    kinds.NOTE: "id:Q namespace:s",
    kinds.SET: "expires:Q namespace:s",
    kinds.UNSET: "namespace:s",
    kinds.JOB_IMAGE: "id:Q pri:I created:Q delay:Q due:Q ttr:Q state:B reason:B "
    "reserves:I timeouts:I releases:I buries:I kicks:I tube:s",
    kinds.SET_IMAGE: "expires:Q namespace:s",
    kinds.PAUSE_IMAGE: "length:Q until:Q tube:s",
    kinds.BOOT: "clean:B downtime:Q",
    kinds.SEAL: "",
}


@dataclass
class Event:
    """An event as it was read back."""

    kind: int
    fields: dict[str, object]
    attributes: list[tuple[int, bytes]] = field(default_factory=list)

    def __getitem__(self, name):
        return self.fields[name]


def decode(payload: bytes) -> list[Event]:
    """Read the events of a batch."""
    events, at = [], 0
    while at < len(payload):
        kind, length = struct.unpack_from("<BI", payload, at)
        at += 5
        events.append(_event(kind, payload[at : at + length]))
        at += length
    assert at == len(payload)
    return events


def _event(kind: int, content: bytes) -> Event:
    fields: dict[str, object] = {}
    at = 0
    for name, form in (part.split(":") for part in LAYOUTS[kind].split()):
        if form == "*":
            fields[name] = list(struct.unpack(f"<{len(content) // 8}Q", content))
            at = len(content)
        elif form == "s":
            end = at + 1 + content[at]
            fields[name] = content[at + 1 : end]
            at = end
        else:
            (fields[name],) = struct.unpack_from("<" + form, content, at)
            at += struct.calcsize("<" + form)
    return Event(kind, fields, _attributes(content[at:]))


def _attributes(content: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(content):
        tag, length = struct.unpack_from("<BI", content, at)
        found.append((tag, content[at + 5 : at + 5 + length]))
        at += 5 + length
    assert at == len(content)
    return found


def attribute(tag: int, content: bytes) -> bytes:
    """Give an attribute its form."""
    return struct.pack("<BI", tag, len(content)) + content


class Story:
    """An engine, its clients, and time that passes when the story says so."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.engine.turn.durable = ALWAYS
        self.engine.views.surroundings = lambda: {"max-job-size": 65535}
        self._read = 0

    @property
    def now(self) -> int:
        return self.engine.turn.now

    def client(self, *watched: bytes) -> Client:
        """Open a client that watches those tubes, and uses the first of them."""
        client = Client(self.engine)
        for name in watched:
            self.engine.lifetime.watch(client, name)
        if watched:
            self.engine.lifetime.use(client, watched[0])
            self.engine.lifetime.ignore(client, b"default")
            client.heard()
        return client

    def put(self, client, body=b"", *, pri=0, delay=0, ttr=60, attributes=b"") -> int:
        """Put a job, durations in seconds, and give its id."""
        id = self.engine.store.next_id
        delay_ns, ttr_ns = round(delay * SECOND), round(ttr * SECOND)
        self.engine.producers.put(client, pri, delay_ns, ttr_ns, attributes, body)
        client._heard.remove(("inserted", id))
        return id

    def reserve(self, client: Client, timeout=NEVER) -> list[Said]:
        """Reserve, with a timeout in seconds, and give what was heard."""
        limit = timeout if timeout == NEVER else round(timeout * SECOND)
        self.engine.reserve(client, limit)
        return client.heard()

    def commit(self, client: Client, *commands) -> list[Said]:
        self.engine.ledger.commit(client, commands)
        return client.heard()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.engine.tick(self.now + round(seconds * SECOND))

    def job(self, id: int):
        return self.engine.index.find(id)

    def state(self, id: int) -> int:
        job = self.job(id)
        return 0 if job is None else job.state

    def tube(self, name: bytes = b"default"):
        return self.engine.index.tubes[name]

    def events(self) -> list[Event]:
        """Give the events staged since the last time."""
        all_events = decode(self.engine.turn.batch.payload())
        new, self._read = all_events[self._read :], len(all_events)
        return new

    def kinds(self) -> list[int]:
        """Give the kinds of the events staged since the last time."""
        return [event.kind for event in self.events()]
