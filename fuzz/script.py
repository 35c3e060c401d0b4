"""Scripts of several clients, as bytes that a fuzzer can change.

Bytes are what the current client sends; 255 and another byte is a step:

    0 1 2   another client sends what follows
    3       what was collected is sent: a cut
    4 5 6   0.1, 1, 3 seconds pass
    7 8     the current client goes, or sends no more
    9       the server drains, or does not any more
    255     the byte 255 itself
"""

from collections.abc import Iterator
from dataclasses import dataclass

ESCAPE = 255
CLIENTS = (0, 1, 2)
CUT, CLOSE, HALF_CLOSE, DRAIN = 3, 7, 8, 9
SECONDS = {4: 0.1, 5: 1.0, 6: 3.0}


@dataclass(frozen=True)
class Step:
    """A client sends bytes, or something else happens that `verb` names."""

    verb: str
    client: int = 0
    data: bytes = b""
    seconds: float = 0.0


def other_step(code: int, client: int) -> Step | None:
    """The step of a code that sends nothing."""
    if code in SECONDS:
        return Step("wait", seconds=SECONDS[code])
    verb = {CLOSE: "close", HALF_CLOSE: "half close", DRAIN: "drain"}.get(code)
    return None if verb is None else Step(verb, client)


def steps(script: bytes) -> Iterator[Step]:
    """Read a script; whatever bytes it has, it is one."""
    client, sent, at = 0, bytearray(), 0
    while at < len(script):
        code = script[at + 1] if at + 1 < len(script) else CUT
        if script[at] != ESCAPE or code == ESCAPE:
            sent.append(script[at])
            at += 1 + (script[at] == ESCAPE)
            continue
        if sent:
            yield Step("send", client, bytes(sent))
            sent.clear()
        client = code if code in CLIENTS else client
        step = other_step(code, client)
        if step is not None:
            yield step
        at += 2
    if sent:
        yield Step("send", client, bytes(sent))
