"""What local sessions are told, and what they may ask: expected outcomes as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from penstock.core.extra import Extra
from penstock.core.views import Fields
from penstock.core.wire.line import is_name

SECOND = 1_000_000_000
MOST_PRI = 0xFFFFFFFF
LONGEST = MOST_PRI * SECOND  # the longest that a protocol can ask for


class Refusal(enum.Enum):
    """Why there is no job, or no room for one."""

    TIMED_OUT = "timed out"
    DEADLINE_SOON = "deadline soon"
    DRAINING = "draining"
    OUT_OF_MEMORY = "out of memory"
    TOO_BIG = "job too big"


@dataclass(frozen=True, slots=True)
class Found:
    """A job that was reserved or looked at, with what is attached to it."""

    id: int
    body: bytes
    attributes: bytes = b""
    notes: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exists:
    """A job with that dedup key is there already; this is its id."""

    id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A commit of which nothing was done: command number `at` was refused."""

    reason: str
    at: int


def checked(name: str, value: int, most: int) -> int:
    """Give a number that the engine can count on."""
    if not 0 <= value <= most:
        raise ValueError(f"{name} {value}: allowed is 0 to {most}")
    return value


def checked_name(tube: bytes) -> bytes:
    """Give a name that a tube may have."""
    if not is_name(tube):
        raise ValueError(f"{tube!r}: no tube can be called that")
    return tube


def told(fields: Fields) -> dict[str, object]:
    """Give statistics as values: the quotes are the protocol's, not the name's."""
    return {
        name: value.strip('"') if isinstance(value, str) else value
        for name, value in fields
    }


def found(id: int, body: bytes, extra: Extra | None) -> Found:
    """Give a job with what is attached to it."""
    if extra is None:
        return Found(id, body)
    return Found(id, body, extra.attributes, dict(extra.notes))
