"""What follows the verbs that beanstalkd does not have: words that name what they set
(`delay=1.5s dedup=order-17`), words of a list, bodies of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from penstock.core import durations
from penstock.core.wire.line import is_name

LONGEST_KEY = 150  # bytes of a dedup key or a group
MOST_U32 = 0xFFFFFFFF

Reader = Callable[[str], object]


def number(text: str) -> int:
    """Read a whole number of 32 bits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError(text)
    return bounded(int(text), MOST_U32)


def bounded(value: int, most: int) -> int:
    """Give a number that is not larger."""
    if value > most:
        raise ValueError(value)
    return value


def id(text: str) -> int:
    """Read a job's id."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise ValueError(text)
    return int(text)


def tube(text: str) -> bytes:
    """Read the name of a tube."""
    name = text.encode("latin-1")
    if not is_name(name):
        raise ValueError(text)
    return name


def key(text: str) -> bytes:
    """Read a key: any bytes but blanks, as many as fit."""
    if not 1 <= len(text) <= LONGEST_KEY:
        raise ValueError(text)
    return text.encode("latin-1")


def lasting(text: str) -> int:
    """Read a duration that is one, in nanoseconds."""
    found = durations.parse(text)
    if found == 0:
        raise ValueError(text)
    return found


def until(text: str) -> object:
    """Read how long a dedup key refuses others: `gone`, `reserved`, or a duration."""
    return text if text in ("gone", "reserved") else lasting(text)


def read(words: Sequence[str], readers: Mapping[str, Reader]) -> dict[str, object]:
    """Read options, each at most once. Raises ValueError."""
    found: dict[str, object] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or name in found or name not in readers:
            raise ValueError(word)
        found[name] = readers[name](value)
    return found


def listed(words: Sequence[str], known: dict[str, int]) -> list[str]:
    """Give the words if all are known, each once."""
    if len(set(words)) != len(words) or not set(words) <= set(known):
        raise ValueError(words)
    return list(words)


def split(content: bytes, most: int) -> list[bytes]:
    """Take up to `most` bodies out of a batch; each stands behind its size and CR LF,
    and ends with CR LF.

    Raises ValueError for what is no batch.
    """
    bodies = []
    at = 0
    while at < len(content):
        stop = content.index(b"\r\n", at, at + 14)
        end = stop + 2 + number(content[at:stop].decode("latin-1"))
        if content[end : end + 2] != b"\r\n":
            raise ValueError("a body does not end where it should")
        bodies.append(content[stop + 2 : end])
        at = end + 2
    if not 1 <= len(bodies) <= most:
        raise ValueError(f"{len(bodies)} jobs")
    return bodies
