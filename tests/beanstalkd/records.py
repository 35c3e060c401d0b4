"""Records and binlogs written by hand."""

from __future__ import annotations

import struct

SECOND = 1_000_000_000
WALL = 1_700_000_000 * SECOND
HEADER = struct.pack("<i", 7)
GONE, READY, RESERVED, BURIED, DELAYED = range(5)


def record(
    id: int,
    tube: bytes = b"mail",
    body: bytes = b"hello",
    *,
    order: str = "<",
    full: bool = True,
    state: int = READY,
    size: int | None = None,
    **numbers: int,
) -> bytes:
    """Write a record as file.c does; `size` is what it says, with the CR LF."""
    fixed = struct.pack(
        order + "QI4xqqi4xqq5IB3x",
        id,
        numbers.get("pri", 5),
        numbers.get("delay", 0),
        numbers.get("ttr", 60 * SECOND),
        len(body) + 2 if size is None else size,
        numbers.get("created", WALL),
        numbers.get("deadline", 0),
        1,
        2,
        3,
        4,
        6,
        state,
    )
    if not full:
        return struct.pack(order + "i", 0) + fixed
    return struct.pack(order + "i", len(tube)) + tube + fixed + body + b"\r\n"


def update(id: int, state: int, body: bytes = b"hello", **numbers: int) -> bytes:
    """Write a record without tube and body."""
    return record(id, b"", body, order="<", full=False, state=state, **numbers)
