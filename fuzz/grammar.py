"""Changes to a script that know the protocol's words."""

from collections.abc import Callable
from random import Random

LINES = [
    b"put 0 0 60 2\r\nab\r\n",
    b"put 5 1 1 0\r\n\r\n",
    b"put 1024 0 0 5\r\n\r\n\r\nx\r\n",
    b"put 0 0 60 65\r\n",
    b"put 0 0 60 3\r\nabcde",
    b"reserve\r\n",
    b"reserve-with-timeout 0\r\n",
    b"reserve-with-timeout 1\r\n",
    b"reserve-job 1\r\n",
    b"delete 1\r\n",
    b"release 1 0 0\r\n",
    b"release 1 7 1\r\n",
    b"bury 1 0\r\n",
    b"touch 1\r\n",
    b"kick 2\r\n",
    b"kick-job 1\r\n",
    b"peek 1\r\n",
    b"peek-ready\r\n",
    b"peek-delayed\r\n",
    b"peek-buried\r\n",
    b"stats\r\n",
    b"stats-job 1\r\n",
    b"stats-tube default\r\n",
    b"use a\r\n",
    b"watch a\r\n",
    b"ignore default\r\n",
    b"list-tubes\r\n",
    b"list-tube-used\r\n",
    b"list-tubes-watched\r\n",
    b"pause-tube a 1\r\n",
    b"pause-tube default 0\r\n",
    b"quit\r\n",
    b"z" * 230 + b"\r\n",
]
NUMBERS = [b"0", b"1", b"2", b"9", b"1024", b"4294967295", b"4294967296", b"-1", b""]
NUMBERS += [b"18446744073709551615", b"18446744073709551616", b"2147483648"]
MARKS = [bytes([255, code]) for code in range(10)]
CR = 13
Default = Callable[[bytes, int], bytes]


def insert_line(script: bytes, random: Random) -> bytes:
    """Put a command where a line begins."""
    begins = [
        0,
        *(at + 2 for at in range(len(script)) if script[at : at + 2] == b"\r\n"),
    ]
    at = random.choice(begins)
    return script[:at] + random.choice(LINES) + script[at:]


def insert_mark(script: bytes, random: Random) -> bytes:
    """Cut, let time pass, or let another client speak; often inside a line's end."""
    ends = [at for at in range(1, len(script)) if script[at - 1] == CR]
    at = random.choice(ends or [0])
    if random.random() < 0.5:
        at = random.randint(0, len(script))
    return script[:at] + random.choice(MARKS) + script[at:]


def change_number(script: bytes, random: Random) -> bytes:
    """Put another number in the place of one."""
    at = random.randint(0, len(script))
    end = at
    while at > 0 and script[at - 1 : at].isdigit():
        at -= 1
    while end < len(script) and script[end : end + 1].isdigit():
        end += 1
    return script[:at] + random.choice(NUMBERS) + script[end:] if end > at else script


def mutate(script: bytes, most: int, seed: int, default: Default) -> bytes:
    """One change, of ours or of the fuzzer's own; at most so many bytes remain."""
    random = Random(seed)  # noqa: S311  (it has to be repeatable)
    own = [insert_line, insert_line, insert_mark, change_number]
    if random.random() < 0.4:
        return default(script, most)
    return random.choice(own)(script, random)[:most]


def with_dictionary() -> list[bytes]:
    """The words that the fuzzer's own changes use."""
    words = {word for line in LINES for word in line.split() if len(word) < 30}
    return sorted(words | set(NUMBERS) - {b""} | set(MARKS) | {b"\r\n", b"\r", b"\0"})
