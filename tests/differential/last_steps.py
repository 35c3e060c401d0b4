"""Steps that versions are known to answer differently; a sequence may end with one."""

import re
from dataclasses import dataclass

COMING = re.compile(rb"<\+(\d)>")


@dataclass(frozen=True)
class LastStep:
    """One client prepares `mine`, another one `other`, then the first sends `data`.

    `<+n>` is the n-th id after those given before.
    """

    kind: str
    data: bytes
    mine: bytes = b""
    other: bytes = b""


def with_coming_ids(data: bytes, next_id: int) -> bytes:
    """The bytes with `<+n>` as an id of the sequence."""
    return COMING.sub(lambda match: b"<%d>" % (next_id + int(match[1])), data)


UPLOAD = b"put 0 0 60 9\r\nhal"
LAST_STEPS = [
    LastStep("odd timeout", b"reserve-with-timeout \r\n"),
    LastStep("odd timeout", b"reserve-with-timeout abc\r\n"),
    LastStep("odd timeout", b"reserve-with-timeout -5\r\n"),
    LastStep("odd timeout", b"reserve-with-timeout 4294967295\r\n"),
    LastStep("odd timeout", b"reserve-with-timeout 4294967296\r\n"),
    LastStep("line of 225", b"n" * 223 + b"\r\nlist-tube-used\r\n"),
    LastStep("bare CR", b"list-tube\rused\r\n"),
    LastStep("peek at an upload", b"peek <+0>\r\nstats-job <+0>\r\n", other=UPLOAD),
    LastStep(
        "put beside an upload",
        b"put 0 0 60 1\r\nx\r\n",
        mine=b"use beside\r\n",
        other=UPLOAD,
    ),
    LastStep(
        "kick for a waiter",
        b"kick 2\r\n",
        mine=b"use two\r\nput 9 100 60 0\r\n\r\nput 1 200 60 0\r\n\r\n",
        other=b"watch two\r\nreserve\r\n",
    ),
    LastStep(
        "delayed in one turn",
        b"release <+1> 0 100\r\nrelease <+0> 0 100\r\npeek-delayed\r\n",
        mine=b"use tie\r\nput 0 0 99 0\r\n\r\nput 0 0 99 0\r\n\r\n"
        b"reserve-job <+0>\r\nreserve-job <+1>\r\n",
    ),
]
