"""Drives a beanstalk server until it goes away, and writes down all that was said.

It runs in a process of its own, which outlives the server:

    python -m penstock.testing.recorder ADDRESS HISTORY --seed 7             # load
    python -m penstock.testing.recorder ADDRESS HISTORY --seed 7 --drain     # the end

ADDRESS is HOST:PORT, [IPV6]:PORT or unix:PATH; where nobody listens yet, it tries again
for `--patience` seconds. Each start is a new life of the server (or the same with
`--same-life`): it adds to HISTORY, first looks at every job that may be there, then
loads until the server goes away or `--seconds` have passed, and ends with 0 and one
JSON line of counts. With `--drain` it looks, then kicks, reserves and deletes
everything that is left, so that lost = 0 can be proven. Ends with 1 where the server
cannot be reached, goes away during a drain, does not answer, or sends what is no reply.

With `--hush` nobody says anything for so many seconds in the midst of it. With
`--control` it goes through many lives: each line of its input, `load SECONDS HUSH` or
`drain`, is one, and is answered by `{"reached": true}` and then by a line of counts, or
of `error`.

`checkers.check(read_history(path))` tells what is wrong with a history.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from penstock.testing.callers import Callers, Gone, Stuck, Unreachable
from penstock.testing.conversation import Garbled
from penstock.testing.draining import drain

ERRORS = (Garbled, Gone, Stuck, Unreachable)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.recorder")
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("history", metavar="HISTORY", type=Path)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--hush", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--patience", type=float, default=30.0)
    parser.add_argument("--largest", type=int, default=65535, metavar="BYTES")
    parser.add_argument(
        "--history-sync",
        type=int,
        default=20,
        metavar="MS",
        help="how old the history on the disk may be; 0 where the recorder's own"
        " machine may lose power",
    )
    parser.add_argument("--drain", action="store_true")
    parser.add_argument("--same-life", action="store_true")
    parser.add_argument("--control", action="store_true")
    return parser.parse_args()


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _load(
    callers: Callers, connections: int, seconds: float, hush: float
) -> dict[str, object]:
    """Look, then load; tell whether the server went away."""
    try:
        callers.look()
        gone = callers.drive(connections, seconds, hush)
    except Gone:
        gone = True
    return {"gone": gone, **callers.counts}


def _obey(callers: Callers, arguments: argparse.Namespace) -> None:
    for line in sys.stdin:
        verb, *times = line.split()
        callers.begin(arguments.address)
        try:
            callers.reach(arguments.patience)
            _say(reached=True)
            if verb == "drain":
                _say(drained=drain(callers), **callers.counts)
            else:
                seconds, hush = map(float, times)
                _say(**_load(callers, arguments.connections, seconds, hush))
        except ERRORS as error:
            _say(error=_sentence(error))


def _record(callers: Callers, arguments: argparse.Namespace) -> int:
    callers.begin(arguments.address, same_life=arguments.same_life)
    try:
        callers.reach(arguments.patience)
        if arguments.drain:
            _say(drained=drain(callers), **callers.counts)
        else:
            given = (arguments.connections, arguments.seconds, arguments.hush)
            _say(**_load(callers, *given))
    except ERRORS as error:
        sys.stderr.write(_sentence(error) + "\n")
        return 1
    return 0


def _sentence(error: Exception) -> str:
    return f"{type(error).__doc__} {error}"


def main() -> int:
    """Record lives of a server."""
    arguments = _arguments()
    sync = arguments.history_sync * 1_000_000
    callers = Callers(arguments.history, arguments.seed, sync, arguments.largest)
    try:
        if not arguments.control:
            return _record(callers, arguments)
        _obey(callers, arguments)
    finally:
        callers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
