"""Durations as people write them: 30, 30s, 1.5s, 200ms, 5m, 2h, 7d."""

import re

NANOSECONDS = {
    "": 1_000_000_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
LONGEST = 0xFFFFFFFF * 1_000_000_000  # the longest that the protocol can say
FORM = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,9}))?(ms|s|m|h|d)?")
ALLOWED = "a duration such as 30, 1.5s, 200ms, 5m, 2h or 7d"


def parse(text: str) -> int:
    """Read nanoseconds; a number alone counts seconds. Raises ValueError."""
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text}: allowed is {ALLOWED}")
    whole, fraction, unit = match[1], match[2] or "", match[3] or ""
    value: int = int(whole + fraction) * NANOSECONDS[unit]
    for _digit in fraction:
        value //= 10
    if value > LONGEST:
        raise ValueError(f"{text}: the longest is {LONGEST // NANOSECONDS['s']} s")
    return value
