"""A tube's policy: what its jobs and its clients have to keep to.

It is a record of the namespace `tube`, a JSON object. Keys that are not here belong to
others and are passed over; what is here has one form.
"""

import json
from collections.abc import Callable

import cython

from penstock.core import durations

MOST = (1 << 53) - 1
NAME = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+/;.$_()"
LONGEST_NAME = 200
MOST_NESTED = 64  # objects and lists of a policy


@cython.final
@cython.cclass
class Rules:
    """What the engine heeds; 0 and None are no rule. Durations are nanoseconds.

    `max_jobs` and `max_bytes` (of bodies) bound the tube; `ttr` is for puts that name
    none; a job that has been reserved `max_reserves` times and comes back is buried, or
    goes to the tube `dead_letter`; it is removed `expiry` after its put. With `drain`
    puts are refused.
    """

    def __init__(self) -> None:
        self.max_jobs = 0
        self.max_bytes = 0
        self.ttr = 0
        self.max_reserves = 0
        self.dead_letter: bytes | None = None
        self.expiry = 0
        self.drain = False


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError("allowed is a whole number, not negative")
    return value


def _duration(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"allowed is {durations.ALLOWED}")
    return durations.parse(str(value))


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("allowed is true or false")
    return value


def _tube(value: object) -> bytes:
    name = value.encode() if isinstance(value, str) else b""
    fits = 1 <= len(name) <= LONGEST_NAME and not name.startswith(b"-")
    if not fits or name.translate(None, NAME):
        raise ValueError("allowed is the name of a tube")
    return name


READERS: dict[str, Callable[[object], object]] = {
    "max_jobs": _number,
    "max_bytes": _number,
    "ttr": _duration,
    "max_reserves": _number,
    "dead_letter": _tube,
    "expiry": _duration,
    "drain": _switch,
}


def read(value: bytes) -> Rules:
    """Read a policy. Raises ValueError that names the key and what is allowed."""
    found = parse(value)
    rules = Rules()
    for key, reader in READERS.items():
        if key in found:
            try:
                setattr(rules, key, reader(found[key]))
            except ValueError as error:
                raise ValueError(f"{key} = {found[key]!r}: {error}") from None
    return rules


def parse(value: bytes) -> dict[str, object]:
    """Read a JSON object. Raises ValueError for everything else, and for one so deep
    that reading it may fail at another time or place."""
    if value.count(b"[") + value.count(b"{") > MOST_NESTED:
        raise ValueError(f"a policy has at most {MOST_NESTED} objects and lists")
    try:
        found = json.loads(value.decode(), parse_constant=_refuse)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("a policy is a JSON object")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def heeded(value: bytes) -> Rules | None:
    """Read a policy that is there; None where it is none that this release knows."""
    try:
        return read(value)
    except ValueError:
        return None
