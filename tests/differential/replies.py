"""Replies as they are compared: without what depends on the clock or the process."""

import re
from dataclasses import dataclass

from tests.conformance.transcript import split_reply

WITH_ID = re.compile(rb"(INSERTED|RESERVED|FOUND|BURIED) (\d+)(.*)", re.DOTALL)
LEFT = ("time-left", "pause-time-left")
OF_THE_PROCESS = (
    *("pid", "version", "rusage-utime", "rusage-stime", "uptime", "id"),
    *("hostname", "os", "platform", "age"),
    *("binlog-oldest-index", "binlog-current-index", "binlog-max-size"),
    *("binlog-records-migrated", "binlog-records-written"),
)


@dataclass(frozen=True)
class Reply:
    """The head of a reply, and its fields or names if it has any."""

    head: bytes
    lines: tuple[str, ...] = ()


def split(data: bytes) -> list[bytes]:
    """The whole replies in these bytes; what is left over comes last."""
    replies = []
    while size := split_reply(data):
        replies.append(data[:size])
        data = data[size:]
    return [*replies, data] if data else replies


def comparable(reply: bytes, base: int) -> Reply:
    """The reply with ids counted from this one, and without volatile values."""
    if not reply.startswith(b"OK "):
        return Reply(WITH_ID.sub(lambda m: relative(m, base), reply))
    body = reply[:-2].partition(b"\r\n")[2]
    if not body.startswith(b"---\n"):
        return Reply(reply)
    lines = body.decode("latin-1").splitlines()[1:]
    if lines and lines[0].startswith("- "):
        return Reply(b"OK, a list", tuple(sorted(lines)))
    is_job = any(line.startswith("state: ") for line in lines)
    fields = (line.partition(": ")[::2] for line in lines)
    shown = (shown_field(n, v, base if is_job else None) for n, v in fields)
    return Reply(b"OK, fields", tuple(shown))


def relative(match: re.Match[bytes], base: int) -> bytes:
    """The reply with its id counted from this one."""
    return b"%s <%d>%s" % (match[1], int(match[2]) - base, match[3])


def shown_field(name: str, value: str, base: int | None) -> str:
    """A field with a value that can be compared; the id of a job counts from base."""
    if name == "id" and base is not None:
        return f"id: <{int(value) - base}>"
    if name in LEFT:
        return f"{name}: {'some' if value != '0' else '0'}"
    if name in OF_THE_PROCESS:
        return f"{name}: (not compared)"
    return f"{name}: {value}"
