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
cannot be reached, goes away during a drain, or sends what is no reply.

`checkers.check(read_history(path))` tells what is wrong with a history.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from penstock.testing.conversation import Conversation, connect
from penstock.testing.history import HistoryWriter, Operation, read_history
from penstock.testing.load import TUBES, Jobs, Load, Request

AT_ONCE = 64  # commands of a look that are sent before their replies are read
LOOK = 0.002  # seconds between two tries to connect
SILENCE = 30.0  # seconds without any reply after which a server is stuck
MOST_ROUNDS = 20  # of a drain, before what is left is given up


class Gone(Exception):  # noqa: N818
    """The server has gone away."""


class Unreachable(Exception):  # noqa: N818
    """Nobody listens there."""


class Stuck(Exception):  # noqa: N818
    """The server does not answer."""


class Recorder:
    """Several connections to one server, and the history of what they said."""

    def __init__(self, path: Path, seed: str, sync: int, largest: int = 65535) -> None:
        self.jobs = Jobs()
        self.load = Load(seed, self.jobs, largest)
        self.counts: Counter[str] = Counter()
        self._life = 0
        self._number = 0
        self._connection = 0
        self._address = ""
        self._open: list[Conversation] = []
        if path.exists():
            self._remember(path)
        self._history = HistoryWriter(path, sync)

    def _remember(self, path: Path) -> None:
        """Know what an earlier recorder knew."""
        past = read_history(path)
        self._life = max(past.lives, default=0)
        for operation in past.operations:
            self._number = max(self._number, operation.number)
            self._connection = max(self._connection, operation.connection)
            if operation.words:
                self.jobs.learn(operation)
        self.jobs.let_go()

    # Lives and connections.

    def begin(self, address: str, *, same_life: bool = False) -> None:
        """A server is expected at that address; the one before has ended."""
        for conversation in self._open:
            conversation.socket.close()
        self._open.clear()
        self.jobs.let_go()
        self.counts.clear()
        self._address = address
        self._life += not (same_life and self._life)
        self._history.life(self._life, seed=self.load.seed, address=address)
        self._history.commit()

    def reach(self, patience: float) -> None:
        """Wait until the server answers; raises Unreachable."""
        last = time.monotonic() + patience
        while True:
            try:
                self._join()
                self.ask_alone(self._open[0], [])
            except (OSError, Gone):
                if time.monotonic() > last:
                    raise Unreachable(self._address) from None
                time.sleep(LOOK)
            else:
                return

    def _join(self, tubes: tuple[str, ...] = ()) -> Conversation:
        connection = connect(self._address)
        tubes = tubes or self.load.tubes()
        self._connection += 1
        conversation = Conversation(self._connection, connection, tubes, self._life)
        self._history.opened(self._connection)
        self._open.append(conversation)
        return conversation

    def _leave(self, conversation: Conversation, by: str) -> None:
        self._history.ended(conversation.number, by)
        self._history.commit()
        conversation.socket.close()
        self._open.remove(conversation)
        self.jobs.held.pop(conversation.number, None)

    # Saying and hearing.

    def _say(self, conversation: Conversation, request: Request) -> Operation:
        self._number += 1
        self.counts["commands"] += 1
        return conversation.ask(request, self._number, self._history)

    def _turn(self, patience: float) -> bool:
        """Send what is to be sent, take what has arrived; tell whether any has.

        Raises Gone when the last connection has ended.
        """
        self._history.commit()
        poll = select.poll()
        for conversation in self._open:
            wants = select.POLLOUT if conversation.outgoing else 0
            poll.register(conversation, select.POLLIN | wants)
        ready = {fd for fd, _ in poll.poll(patience * 1000)}
        for conversation in [c for c in self._open if c.fileno() in ready]:
            self._serve(conversation)
        self._history.commit()
        if not self._open:
            raise Gone(self._address)
        return bool(ready)

    def _serve(self, conversation: Conversation) -> None:
        try:
            conversation.send()
            goes_on = conversation.receive()
        except OSError:
            goes_on = False
        for operation in conversation.replies(self._history):
            self.jobs.learn(operation)
            self.counts[operation.answer] += 1
        if not goes_on:
            self._leave(conversation, "server")

    def ask_alone(
        self, conversation: Conversation, requests: Iterable[Request]
    ) -> list[Operation]:
        """Ask on one connection and wait for all answers; raises Gone or Stuck."""
        operations = [self._say(conversation, request) for request in requests]
        last = time.monotonic() + SILENCE
        while conversation.waiting:
            if conversation not in self._open:
                raise Gone(self._address)
            if self._turn(0.1):
                last = time.monotonic() + SILENCE
            elif time.monotonic() > last:
                raise Stuck(self._address)
        return operations

    # What it is here for.

    def look(self) -> None:
        """Ask for every job that may be there, and for some that may not."""
        ids = self.jobs.to_look_at(self.load.rng)
        self._look_at(self._open[0], ids)

    def _look_at(self, conversation: Conversation, ids: list[int]) -> None:
        for start in range(0, len(ids), AT_ONCE // 2):
            some = ids[start : start + AT_ONCE // 2]
            questions = [
                Request(verb, id=id) for id in some for verb in ("stats-job", "peek")
            ]
            self.ask_alone(conversation, questions)

    def drive(self, connections: int, seconds: float) -> bool:
        """Load the server; tell whether it went away before those seconds were over."""
        last = time.monotonic() + seconds
        heard = time.monotonic()
        try:
            while time.monotonic() < last:
                self._fill_up(connections)
                if self._turn(0.05):
                    heard = time.monotonic()
                elif time.monotonic() > heard + SILENCE:
                    raise Stuck(self._address)
            self._finish()
        except (Gone, ConnectionError):
            return True
        return False

    def _fill_up(self, connections: int) -> None:
        while len(self._open) < connections:
            self._join()
        idle = [c for c in self._open if not c.waiting]
        for conversation in idle:
            if self.load.rng.random() < 0.005:
                self._leave(conversation, "us")  # what it holds comes back
                continue
            for _ in range(self.load.depth()):
                request = self.load.request(conversation.number, conversation.tubes)
                self._say(conversation, request)

    def _finish(self) -> None:
        """Hear everybody out; half-closed, who still waits for a job is told so."""
        for conversation in self._open:
            conversation.socket.settimeout(5)
            conversation.socket.sendall(conversation.outgoing)
            conversation.outgoing.clear()
            conversation.socket.setblocking(False)
            conversation.socket.shutdown(socket.SHUT_WR)
        try:
            while self._turn(1.0):
                continue
        except Gone:
            return

    def drain(self) -> int:
        """Kick, reserve and delete all that is left; give how many jobs that were."""
        conversation = self._join(TUBES)
        self.ask_alone(conversation, [])
        pauses = [Request("pause-tube", tube=tube) for tube in TUBES]
        self.ask_alone(conversation, pauses)
        self._look_at(conversation, list(range(1, self.jobs.highest + 64)))
        taken = 0
        for _ in range(MOST_ROUNDS):
            self._kick_all(conversation)
            taken += self._take_all(conversation)
            if self._is_empty(conversation):
                break
        self._look_at(conversation, list(range(1, self.jobs.highest + 64)))
        self._history.drained()
        self._history.commit()
        return taken

    def _kick_all(self, conversation: Conversation) -> None:
        for tube in TUBES:
            peek = Request("peek-buried", tube=tube)
            while (found := self.ask_alone(conversation, [peek])[0]).answer == "FOUND":
                kicked = self.ask_alone(
                    conversation, [Request("kick-job", id=found.id)]
                )
                if kicked[0].answer != "KICKED":
                    break
            self.ask_alone(conversation, [Request("kick", tube=tube, bound=1 << 30)])

    def _take_all(self, conversation: Conversation) -> int:
        """Reserve until nothing comes; look at each, delete it."""
        taken = 0
        reserve = Request("reserve-with-timeout", tubes=TUBES)
        while True:
            got = self.ask_alone(conversation, [reserve] * (AT_ONCE // 2))
            ids = [operation.id for operation in got if operation.answer == "RESERVED"]
            self.ask_alone(
                conversation,
                [
                    Request(verb, id=id)
                    for id in ids
                    for verb in ("stats-job", "delete")
                ],
            )
            taken += len(ids)
            if any(operation.answer == "TIMED_OUT" for operation in got):
                return taken

    def _is_empty(self, conversation: Conversation) -> bool:
        fields = self.ask_alone(conversation, [Request("stats")])[0].fields
        states = ("ready", "reserved", "delayed", "buried")
        return all(fields[f"current-jobs-{state}"] == "0" for state in states)

    def close(self) -> None:
        """Leave the history complete."""
        for conversation in list(self._open):
            self._leave(conversation, "us")
        self._history.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.recorder")
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("history", metavar="HISTORY", type=Path)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seconds", type=float, default=3600.0)
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
    return parser.parse_args()


def _run(recorder: Recorder, arguments: argparse.Namespace) -> dict[str, object]:
    recorder.begin(arguments.address, same_life=arguments.same_life)
    recorder.reach(arguments.patience)
    if arguments.drain:
        return {"drained": recorder.drain(), **recorder.counts}
    try:
        recorder.look()
    except Gone:
        return {"gone": True, **recorder.counts}
    gone = recorder.drive(arguments.connections, arguments.seconds)
    return {"gone": gone, **recorder.counts}


def main() -> int:
    """Record one life of a server."""
    arguments = _arguments()
    sync = arguments.history_sync * 1_000_000
    recorder = Recorder(arguments.history, arguments.seed, sync, arguments.largest)
    try:
        print(json.dumps(_run(recorder, arguments)))  # noqa: T201
    except (Unreachable, Gone, Stuck) as error:
        print(f"{type(error).__doc__} {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        recorder.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
