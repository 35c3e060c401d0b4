"""The reviewed differences between upstream 1.12 and ours, each with its reason.

A rule looks at the replies that one client got in one step, upstream's on the left. It
gives them back without the difference it stands for, or as they were.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.differential.replies import Reply
from tests.differential.sequences import Step

Replies = tuple[Reply, ...]
QUOTED = ("name: ", "tube: ")
BAD_FORMAT = Reply(b"BAD_FORMAT\r\n")
UNKNOWN = Reply(b"UNKNOWN_COMMAND\r\n")
RELEASED = Reply(b"RELEASED\r\n")
NOT_FOUND = Reply(b"NOT_FOUND\r\n")
USING = b"USING "


@dataclass(frozen=True)
class Rule:
    """One allowed difference; after a lasting one the servers are no longer alike."""

    name: str
    reason: str
    forgive: Callable[[Step, Replies, Replies], tuple[Replies, Replies]]
    lasting: bool = False


def each(
    change: Callable[[Reply, Reply], tuple[Reply, Reply]],
) -> Callable[[Step, Replies, Replies], tuple[Replies, Replies]]:
    """A rule about two replies that stand at the same place."""

    def forgive(_: Step, left: Replies, right: Replies) -> tuple[Replies, Replies]:
        if len(left) != len(right):
            return left, right
        pairs = [change(a, b) for a, b in zip(left, right, strict=True)]
        return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)

    return forgive


def whole(
    kind: str, allowed: Callable[[Replies, Replies], bool]
) -> Callable[[Step, Replies, Replies], tuple[Replies, Replies]]:
    """A rule about all replies to a last step of that kind."""

    def forgive(step: Step, left: Replies, right: Replies) -> tuple[Replies, Replies]:
        known = step.kind == kind and allowed(left, right)
        return ((), ()) if known else (left, right)

    return forgive


def without_quotes(left: Reply, right: Reply) -> tuple[Reply, Reply]:
    """Ours with bare names, where only the quotes differ."""
    if len(left.lines) > len(right.lines):
        return left, right
    lines = list(right.lines)
    for at, line in enumerate(left.lines):
        word, _, name = line.partition(": ")
        if line.startswith(QUOTED) and lines[at] == f'{word}: "{name}"':
            lines[at] = line
    return left, replace(right, lines=tuple(lines))


def without_further_fields(left: Reply, right: Reply) -> tuple[Reply, Reply]:
    """Ours without the fields behind the last one upstream has."""
    if left.head != b"OK, fields" or right.head != left.head:
        return left, right
    return left, replace(right, lines=right.lines[: len(left.lines)])


def odd_timeout(left: Replies, right: Replies) -> bool:
    words = (b"TIMED_OUT", b"RESERVED", b"DEADLINE_SOON")
    waits = not left
    return right == (BAD_FORMAT,) and (waits or left[0].head.startswith(words))


def line_of_225(left: Replies, right: Replies) -> bool:
    if left != (BAD_FORMAT,) or len(right) != 2:
        return False
    return right[0] == BAD_FORMAT and right[1].head.startswith(USING)


def bare_cr(left: Replies, right: Replies) -> bool:
    return not left and right == (UNKNOWN,)


def peek_at_upload(left: Replies, right: Replies) -> bool:
    if right != (NOT_FOUND, NOT_FOUND) or len(left) != 2:
        return False
    return left[0].head.startswith(b"FOUND ") and "state: invalid" in left[1].lines


def put_beside_upload(left: Replies, right: Replies) -> bool:
    ids = [only_id(b"INSERTED", replies) for replies in (left, right)]
    return 0 not in ids and ids[0] == ids[1] + 1


def kick_for_waiter(left: Replies, right: Replies) -> bool:
    ids = [only_id(b"RESERVED", replies) for replies in (left, right)]
    return 0 not in ids and ids[0] == ids[1] - 1


def delayed_in_one_turn(left: Replies, right: Replies) -> bool:
    if left[:2] != (RELEASED, RELEASED) or right[:2] != left[:2]:
        return False
    ids = [only_id(b"FOUND", replies[2:]) for replies in (left, right)]
    return 0 not in ids and ids[0] == ids[1] + 1


def only_id(word: bytes, replies: Replies) -> int:
    """The id in the only reply, if it begins with that word; else 0."""
    if len(replies) != 1:
        return 0
    found = re.match(word + rb" <(\d+)>", replies[0].head)
    return int(found[1]) if found else 0


RULES = [
    Rule(
        "quoted names",
        "1.13 puts tube names in stats-job and stats-tube in quotes, 1.12 does not.",
        each(without_quotes),
    ),
    Rule(
        "further fields",
        "Ours has fields of its own behind those of upstream; clients skip them.",
        each(without_further_fields),
    ),
    Rule(
        "odd timeout",
        "1.13 refuses a timeout that is no number or has over 31 bits; 1.12 reads "
        "it as 0 or as for ever.",
        whole("odd timeout", odd_timeout),
        lasting=True,
    ),
    Rule(
        "line of 225",
        "Upstream misses the end of a line whose CR is byte 224 and swallows the "
        "next command.",
        whole("line of 225", line_of_225),
        lasting=True,
    ),
    Rule(
        "bare CR",
        "Upstream looks at the first CR only and never ends a line that has another.",
        whole("bare CR", bare_cr),
        lasting=True,
    ),
    Rule(
        "peek at an upload",
        "Upstream shows a job whose body is on its way, uninitialised memory too.",
        whole("peek at an upload", peek_at_upload),
        lasting=True,
    ),
    Rule(
        "put beside an upload",
        "Ours gives an id when the body is complete, so that acknowledged ids ascend; "
        "upstream has given the lower one to the upload already.",
        whole("put beside an upload", put_beside_upload),
        lasting=True,
    ),
    Rule(
        "kick for a waiter",
        "Ours makes all kicked jobs ready and then gives the most urgent one to who "
        "waits; upstream gives the first one it kicks.",
        whole("kick for a waiter", kick_for_waiter),
        lasting=True,
    ),
    Rule(
        "delayed in one turn",
        "Ours takes the commands of one turn as one moment: jobs released in it with "
        "the same delay are due together, in the order of their ids.",
        whole("delayed in one turn", delayed_in_one_turn),
        lasting=True,
    ),
]


def explain(step: Step, left: Replies, right: Replies) -> list[Rule] | None:
    """The rules that make the replies equal; None when they do not."""
    hits = []
    for rule in RULES:
        if left == right:
            break
        forgiven = rule.forgive(step, left, right)
        if forgiven != (left, right):
            hits.append(rule)
            left, right = forgiven
    return hits if left == right else None
