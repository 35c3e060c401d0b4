"""Events for people and for JSON: each as a dictionary of plain values.

Moments and durations are nanoseconds of engine time. Bytes are text where they are
text, else {"base64": ...}. A lease's token is a secret of its holder: that there is one
is all that is told.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from typing import Any

from penstock.core import kinds
from penstock.core.job import (
    BURIED,
    DELAYED,
    HELD,
    READY,
    REASON_NAMES,
    STATE_NAMES,
)
from penstock.core.reader import Reader
from penstock.errors import NewerFormat

# An event's name, and its fixed fields in the order of writing.
EVENTS = {
    kinds.PUT: "put id pri created delay due ttr tube",
    kinds.RESERVE: "reserve id until",
    kinds.TOUCH: "touch id until",
    kinds.RETURN: "return id reason",
    kinds.RELEASE: "release id pri delay due",
    kinds.BURY: "bury id pri reason place",
    kinds.KICK: "kick ids",
    kinds.HOLD: "hold id",
    kinds.FREE: "free id due",
    kinds.CHANGE: "change id changed pri due tube",
    kinds.DELETE: "delete id reason",
    kinds.CLEAR: "clear states up_to now tube",
    kinds.PAUSE: "pause length until tube",
    kinds.NOTE: "note id namespace",
    kinds.SET: "set expires namespace",
    kinds.UNSET: "unset namespace",
    kinds.JOB_IMAGE: "job_image id pri created delay due ttr state reason"
    " reserves timeouts releases buries kicks tube",
    kinds.SET_IMAGE: "set_image expires namespace",
    kinds.PAUSE_IMAGE: "pause_image length until tube",
    kinds.BOOT: "boot clean downtime",
    kinds.SEAL: "seal",
}
CHANGES = {
    kinds.CHANGE_TUBE: "tube",
    kinds.CHANGE_PRI: "pri",
    kinds.CHANGE_DUE: "due",
    kinds.CHANGE_ATTRIBUTES: "attributes",
}
STATES = tuple(name.decode() for name in STATE_NAMES)
CLEARABLE = {1 << n: STATES[n] for n in (READY, DELAYED, BURIED, HELD)}
ATTRIBUTE = struct.Struct("<BI")


def describe(payload: bytes) -> Iterator[dict[str, Any]]:
    """Give the events of a batch, in their order.

    Raises NewerFormat for what a later release has written, FormatError for bytes that
    are no event. What this release may pass over it names and passes over.
    """
    reader = Reader(payload)
    while reader.next():
        yield _event(reader)


def text_of(content: bytes) -> str | dict[str, str]:
    """Give bytes a form that JSON has: text if they are, else base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _event(reader: Reader) -> dict[str, Any]:
    if reader.kind not in EVENTS:
        if reader.kind < kinds.FIRST_SKIPPABLE:
            raise NewerFormat(f"event {reader.kind} is of a later release")
        return {"kind": reader.kind, "skipped": True}
    name, *fields = EVENTS[reader.kind].split()
    event: dict[str, Any] = {"kind": name}
    for field in fields:
        event[field] = FIELDS[field](reader)
    reader.attributes()
    event |= _attributes(reader)
    if name == "boot" and "value" in event:
        event["version"] = event.pop("value")
    return _only_changed(event) if name == "change" else event


def _only_changed(event: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a change has a place for and does not change."""
    changed = event["changed"]
    if "attributes" in changed:
        event.setdefault("attributes", [])
    kept = {"kind", "id", "changed", *changed}
    return {key: value for key, value in event.items() if key in kept}


# Attributes.


def _attributes(reader: Reader) -> dict[str, Any]:
    """Give those that the event has."""
    found: dict[str, Any] = {}
    if reader.token is not None:
        found["lease"] = True
    if reader.reason is not None:
        found["hold_reason"] = text_of(reader.reason)
    for name in ("key", "value", "body"):
        content = getattr(reader, name)
        if content is not None:
            found[name] = text_of(content)
    if reader.notes:
        found["notes"] = [
            {"namespace": text_of(namespace), "value": text_of(value)}
            for namespace, value in reader.notes.items()
        ]
    if reader.kept:
        found["attributes"] = list(_kept(reader.kept))
    return found


def _kept(content: bytes) -> Iterator[dict[str, Any]]:
    """Give the tags that belong to a job; the reader has checked their form."""
    at = 0
    while at < len(content):
        tag, length = ATTRIBUTE.unpack_from(content, at)
        at += ATTRIBUTE.size + length
        yield {"tag": tag, "value": text_of(content[at - length : at])}


# Fixed fields.


def _string(reader: Reader) -> str | dict[str, str]:
    return text_of(reader.string())


def _ids(reader: Reader) -> list[int]:
    ids = []
    while reader.rest():
        ids.append(reader.u64())
    return ids


def _flag(reader: Reader) -> bool:
    return reader.u8() != 0


def _state(reader: Reader) -> str:
    return _named("state", STATES, reader.u8())


def _reason(reader: Reader) -> str:
    return _named("reason", REASON_NAMES, reader.u8())


def _named(what: str, names: tuple[str, ...], number: int) -> str:
    if number >= len(names):
        raise NewerFormat(f"{what} {number} is of a later release")
    return names[number]


def _states(reader: Reader) -> list[str]:
    return _bits(reader.u8(), CLEARABLE)


def _changed(reader: Reader) -> list[str]:
    return _bits(reader.u8(), CHANGES)


def _bits(bits: int, names: dict[int, str]) -> list[str]:
    if bits & ~sum(names):
        raise NewerFormat(f"bits {bits:#x} are of a later release")
    return [name for bit, name in names.items() if bits & bit]


# How each field is read, whatever event it belongs to.
FIELDS: dict[str, Callable[[Reader], object]] = {
    "id": Reader.u64,
    "ids": _ids,
    "tube": _string,
    "namespace": _string,
    "pri": Reader.u32,
    "created": Reader.u64,
    "delay": Reader.u64,
    "due": Reader.u64,
    "ttr": Reader.u64,
    "until": Reader.u64,
    "place": Reader.u64,
    "length": Reader.u64,
    "expires": Reader.u64,
    "downtime": Reader.u64,
    "up_to": Reader.u64,
    "now": Reader.u64,
    "state": _state,
    "reason": _reason,
    "reserves": Reader.u32,
    "timeouts": Reader.u32,
    "releases": Reader.u32,
    "buries": Reader.u32,
    "kicks": Reader.u32,
    "states": _states,
    "changed": _changed,
    "clean": _flag,
}
