"""beanstalkd's own options, read as it reads them (util.c, `optparse`).

Flags can stand together (`-VVp 11400`); a value is the rest of the word or the next
word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PORT = 11300
JOB_SIZE = 65_535  # bytes
LARGEST_JOB = 1 << 30
LONGEST_INTERVAL = 60_000  # milliseconds; ours
NUMBERS = {"f": "milliseconds", "p": "a port", "s": "bytes", "z": "bytes"}
VALUES = "bflpsuz"
FLAGS = "FVcnhv"
WITHOUT_EFFECT = {
    "c": "the log is always kept compact",
    "n": "the log is always kept compact",
    "s": "segments are as large as suits the log",
    "V": "look at `stats`, or at the log of the service",
}

USAGE = """\
Use: penstock beanstalkd [OPTIONS]

Options, as beanstalkd has them:
 -b DIR   keep jobs in DIR/penstock; a beanstalkd binlog in DIR is taken over once
 -f MS    sync at most once every MS milliseconds; without it every reply waits
          for its sync, as with -f0
 -F       never sync
 -l ADDR  listen on address (default is 127.0.0.1 and ::1); unix:PATH is a socket
 -p PORT  listen on port (default is 11300)
 -u USER  become user and group
 -z BYTES set the maximum job size in bytes (default is 65535);
          max allowed is 1073741824 bytes
 -s BYTES accepted, and without effect
 -c, -n   accepted, and without effect
 -v       show version information
 -V       accepted, and without effect
 -h       show this help"""


class Misused(Exception):  # noqa: N818  (what the caller did)
    """These are no options of beanstalkd."""


@dataclass(slots=True)
class Options:
    """What was asked for. `sync` is None where nobody said; `notes` are sentences about
    what differs."""

    binlog: str | None = None
    sync: str | None = None
    address: str | None = None
    port: int = PORT
    job_size: int = JOB_SIZE
    user: str | None = None
    wants_version: bool = False
    wants_help: bool = False
    notes: list[str] = field(default_factory=list)


def parse(words: Sequence[str]) -> Options:
    """Read the options; raises Misused with a line that says what is wrong."""
    options = Options()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            raise Misused(f"unknown argument: {word}")
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in FLAGS:
                _flag(options, letter)
            elif letter in VALUES:
                if not letters and not rest:
                    raise Misused(f"flag requires an argument: -{letter}")
                _value(options, letter, letters or rest.pop(0))
                letters = ""
            else:
                raise Misused(f"unknown flag: {letter}")
    return options


def _flag(options: Options, letter: str) -> None:
    if letter == "F":
        options.sync = "never"
    elif letter == "h":
        options.wants_help = True
    elif letter == "v":
        options.wants_version = True
    else:
        _note(options, letter)


def _note(options: Options, letter: str) -> None:
    note = f"-{letter} has no effect: {WITHOUT_EFFECT[letter]}"
    if note not in options.notes:
        options.notes.append(note)


def _value(options: Options, letter: str, value: str) -> None:
    if letter == "b":
        options.binlog = value
    elif letter == "l":
        options.address = value
    elif letter == "u":
        options.user = value
    else:
        _number(options, letter, _count(letter, value))


def _count(letter: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise Misused(f"-{letter} {value}: this is to be {NUMBERS[letter]}, a number")
    return int(value)


def _number(options: Options, letter: str, number: int) -> None:
    if letter == "f":
        _interval(options, number)
    elif letter == "p":
        if number > 65_535:
            raise Misused(f"-p {number}: ports go up to 65535")
        options.port = number
    elif letter == "z":
        if number > LARGEST_JOB:
            options.notes.append(f"-z {number}: the maximum is {LARGEST_JOB}")
        options.job_size = min(number, LARGEST_JOB)
    else:
        _note(options, letter)


def _interval(options: Options, number: int) -> None:
    if number > LONGEST_INTERVAL:
        options.notes.append(f"-f {number}: the longest interval is {LONGEST_INTERVAL}")
    number = min(number, LONGEST_INTERVAL)
    options.sync = f"interval:{number}" if number else "always"
