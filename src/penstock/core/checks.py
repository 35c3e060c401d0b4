"""What a commit's values have to be, before any of its events is staged.

An event's form gives strings one byte of length, numbers their width and attributes
their own tags; a value that does not fit would make a log that nobody can read.
"""

import re

from penstock.core import kinds
from penstock.core.extra import Extra
from penstock.errors import FormatError

MOST_U32 = 0xFFFFFFFF
LONGEST = MOST_U32 * 1_000_000_000  # nanoseconds; the longest that a protocol can say
LONGEST_STRING = 255  # bytes
MOST_ID = (1 << 53) - 1
TUBE_NAME = re.compile(rb"[A-Za-z0-9+/;.$_()][A-Za-z0-9+/;.$_()-]{0,199}")


def check_number(what: str, value: int, most: int) -> None:
    """Refuse a number that its field can't hold."""
    if not 0 <= value <= most:
        raise ValueError(f"{what} {value}: allowed is 0 to {most}")


def check_tube(name: bytes) -> None:
    """Refuse a name that no tube can have."""
    if TUBE_NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r}: no tube can be called that")


def check_namespace(name: bytes) -> None:
    """Refuse a namespace that does not fit."""
    if len(name) > LONGEST_STRING:
        raise ValueError(f"a namespace of {len(name)} bytes: at most {LONGEST_STRING}")


def check_attributes(content: bytes) -> None:
    """Refuse bytes that are not attributes which belong to a job."""
    at = 0
    while at < len(content):
        tag, size = content[at], int.from_bytes(content[at + 1 : at + 5], "little")
        ours = kinds.FIRST_JOB_TAG <= tag <= kinds.LAST_JOB_TAG
        if not ours and tag < kinds.FIRST_SKIPPABLE:
            raise ValueError(f"attribute {tag} does not belong to a job")
        at += 5 + size
    try:
        Extra().adopt(content)
    except FormatError as error:
        raise ValueError(str(error)) from None
