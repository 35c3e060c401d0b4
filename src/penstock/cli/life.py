"""The life of a job, told from the log: what happened, when, and why it came back.

Events say what was decided. What time alone does is no event, so a delay that ended is
told when the next event, or the end of the log, shows that it had. Copies that
compaction made (images) are no facts of a job's life; but where its beginning is gone,
the first image is all that is left of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from penstock.cli.output import seconds
from penstock.core.describe import describe
from penstock.log import Stored

Event = dict[str, Any]

# Why a job was ready again.
CAME_BACK = {
    "client": "it was released",
    "ttr": "its ttr ran out",
    "closed": "the connection that held it closed",
    "kicked": "it was kicked",
    "restart": "the server restarted",
    "freed": "it waited for nothing more",
}
GONE = {
    "client": "deleted by a client",
    "taken": "taken: given and deleted in one",
    "expired": "deleted: its time to live was over",
    "forwarded": "deleted: it was delivered to another node",
    "policy": "deleted by a policy of its tube",
}
BURIED_BY = {
    "client": "by the client that held it",
    "policy": "by a policy of its tube",
    "expired": "as its time to live was over",
}
MOST_SHOWN = 60  # characters of a note or a reason
COUNTERS = ("reserves", "timeouts", "releases", "buries", "kicks")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to the job, in words; `seq` is the batch that tells it,
    `reason` why the job came back, was buried, or is gone."""

    wall: int
    seq: int
    kind: str
    text: str
    reason: str | None = None


@dataclass(slots=True)
class Life:
    """What is known of a job while the log is read; `moments` is its story.

    `state` is empty before the first that is heard of it, and "gone" after its end.
    `begins` tells whether the story has the job's put, or only its image, or neither.
    `back` is why the job was ready for its next delivery.
    """

    id: int
    moments: list[Moment] = field(default_factory=list)
    state: str = ""
    begins: str = ""
    tube: object = None
    due: int = 0
    ttr: int = 0
    leased: bool = False
    deliveries: int = 0
    back: str = ""

    def read(self, batch: Stored) -> None:
        """Take in a batch."""
        for event in describe(batch.payload):
            if self._is_meant(event):
                self.pass_time(batch)
                self._take_in(batch, event)

    def pass_time(self, batch: Stored) -> None:
        """Tell that a delay was over before this batch."""
        if self.state == "delayed" and self.due <= batch.now:
            self.state = "ready"
            wall = batch.wall - (batch.now - self.due)
            text = "its delay was over: ready"
            self.moments.append(Moment(wall, batch.seq, "due", text))

    @property
    def is_there(self) -> bool:
        """Whether the job exists, as far as the log was read."""
        return self.state not in ("", "gone")

    def _is_meant(self, event: Event) -> bool:
        if "id" in event:
            return bool(event["id"] == self.id)
        if "ids" in event:
            return self.id in event["ids"]
        if event["kind"] == "boot":
            return self.state == "reserved" and not self.leased
        if event["kind"] == "clear":
            return self._is_cleared(event)
        return event["kind"] == "pause" and self.is_there and event["tube"] == self.tube

    def _is_cleared(self, event: Event) -> bool:
        if not self.is_there or event["tube"] != self.tube or self.id > event["up_to"]:
            return False
        is_due = self.state == "delayed" and self.due <= event["now"]
        return ("ready" if is_due else self.state) in event["states"]

    def _take_in(self, batch: Stored, event: Event) -> None:
        kind = event["kind"]
        if kind == "job_image" and self.begins in BEGINS.values():
            return  # a copy of what is known
        self.begins = BEGINS.get(kind, self.begins or "middle")
        text = TELL[kind](self, event)
        reason = "restart" if kind == "boot" else event.get("reason")
        self.moments.append(Moment(batch.wall, batch.seq, kind, text, reason))


BEGINS = {"put": "put", "job_image": "image"}


# What each kind of event does to a job, and the words for it.


def _put(life: Life, event: Event) -> str:
    life.tube, life.ttr = event["tube"], event["ttr"]
    life.deliveries, life.back = 0, ""
    told = f"put into {life.tube}, pri {event['pri']}, ttr {seconds(life.ttr)}"
    return f"{told}: {_ready_or_delayed(life, event, event['delay'])}"


def _ready_or_delayed(life: Life, event: Event, delay: int | None = None) -> str:
    life.due = event["due"]
    life.state = "delayed" if life.due else "ready"
    if life.state == "ready" or delay is None:
        return life.state
    return f"delayed for {seconds(delay)}"


def _image(life: Life, event: Event) -> str:
    life.tube, life.ttr, life.due = event["tube"], event["ttr"], event["due"]
    life.state, life.leased = event["state"], "lease" in event
    life.deliveries, life.back = event["reserves"], event["reason"]
    counts = ", ".join(f"{name} {event[name]}" for name in COUNTERS)
    told = f"as it was copied then: {life.state} in {life.tube}; {counts}"
    back = CAME_BACK.get(life.back)
    return f"{told}; it was ready last because {back}" if back else told


def _reserve(life: Life, event: Event) -> str:
    held_by_id = life.state in ("buried", "held")
    life.leased = "lease" in event
    life.deliveries += 1
    told = "reserved by a lease" if life.leased else "reserved"
    if life.ttr:
        told += f" for {seconds(life.ttr)}"
    if life.begins != "middle":
        told += f", delivery {life.deliveries}"
    if life.deliveries > 1:
        asked = "a client asked for it by its id"
        back = asked if held_by_id else CAME_BACK.get(life.back)
        told += f", again because {back}" if back else ""
    life.state, life.due = "reserved", event["until"]
    return told


def _touch(life: Life, event: Event) -> str:
    life.due = event["until"]
    return f"touched: {seconds(life.ttr)} more" if life.ttr else "touched"


def _return(life: Life, event: Event) -> str:
    life.state, life.back = "ready", event["reason"]
    return f"ready again: {CAME_BACK.get(life.back, life.back)}"


def _release(life: Life, event: Event) -> str:
    life.back = "client"
    state = _ready_or_delayed(life, event, event["delay"])
    return f"released with pri {event['pri']}: {state}"


def _bury(life: Life, event: Event) -> str:
    life.state = "buried"
    by = BURIED_BY.get(event["reason"], event["reason"])
    return f"buried with pri {event['pri']} {by}"


def _kick(life: Life, event: Event) -> str:
    was = life.state
    life.state, life.back = "ready", "kicked"
    return f"kicked while {was}: ready" if was else "kicked: ready"


def _hold(life: Life, event: Event) -> str:
    life.state = "held"
    return f"held: {_shown(event.get('hold_reason', 'without a reason'))}"


def _free(life: Life, event: Event) -> str:
    life.back = "freed"
    return f"it waits for nothing more: {_ready_or_delayed(life, event)}"


def _change(life: Life, event: Event) -> str:
    changes = []
    if "tube" in event:
        life.tube = event["tube"]
        changes.append(f"moved to {life.tube}")
    if "pri" in event:
        changes.append(f"pri {event['pri']}")
    if "attributes" in event:
        changes.append("other attributes")
    if "due" in event:
        changes.append(_ready_or_delayed(life, event))
    return f"changed: {', '.join(changes)}"


def _delete(life: Life, event: Event) -> str:
    was = life.state
    life.state = "gone"
    told = GONE.get(event["reason"], f"deleted: {event['reason']}")
    return f"{told} while {was}" if was else told


def _clear(life: Life, event: Event) -> str:
    was = life.state
    life.state = "gone"
    return f"deleted while {was}, with others: its tube was cleared"


def _pause(life: Life, event: Event) -> str:
    if not event["until"]:
        return f"its tube {life.tube} went on"
    return f"its tube {life.tube} was paused for {seconds(event['length'])}"


def _note(life: Life, event: Event) -> str:
    return f"noted under {event['namespace']}: {_shown(event['value'])}"


def _shown(value: object) -> str:
    """Write the beginning of some bytes on one line."""
    if not isinstance(value, str):
        return "bytes that are no text"
    text = "".join(c if c.isprintable() else "?" for c in value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _boot(life: Life, event: Event) -> str:
    life.state, life.back = "ready", "restart"
    end = "ended" if event["clean"] else "crashed"
    away = seconds(round(event["downtime"], -6))
    return (
        f"ready again: the server {end} and was back {away} later; the connection that"
        " held it was gone"
    )


TELL: dict[str, Callable[[Life, Event], str]] = {
    "put": _put,
    "job_image": _image,
    "reserve": _reserve,
    "touch": _touch,
    "return": _return,
    "release": _release,
    "bury": _bury,
    "kick": _kick,
    "hold": _hold,
    "free": _free,
    "change": _change,
    "delete": _delete,
    "clear": _clear,
    "pause": _pause,
    "note": _note,
    "boot": _boot,
}
