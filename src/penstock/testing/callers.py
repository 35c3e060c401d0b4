"""Several clients of one server at once, whose every word goes into a history."""

from __future__ import annotations

import select
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from penstock.testing.conversation import Conversation, connect
from penstock.testing.history import HistoryWriter, Operation, moment, read_history
from penstock.testing.load import Jobs, Load, Request

AT_ONCE = 64  # commands of a look that are sent before their replies are read
LOOK = 0.002  # seconds between two tries to connect
SILENCE = 30.0  # seconds without any reply after which a server is stuck
UNTIL_HUSH = 1000  # commands
WAITERS = 3  # connections more, where so many wait for a job


class Gone(Exception):  # noqa: N818
    """The server has gone away."""


class Unreachable(Exception):  # noqa: N818
    """Nobody listens there."""


class Stuck(Exception):  # noqa: N818
    """The server does not answer."""


class Callers:
    """Connections to one server, what they know of its jobs, and their history."""

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
                self.ask_alone(self.join(), [])
            except Gone:
                if time.monotonic() > last:
                    raise Unreachable(self._address) from None
                time.sleep(LOOK)
            else:
                return

    def join(self, tubes: tuple[str, ...] = ()) -> Conversation:
        """Open a connection that watches those tubes, or some; raises Gone."""
        try:
            connection = connect(self._address)
        except OSError:
            raise Gone(self._address) from None
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
        self.look_at(self._open[0], self.jobs.to_look_at(self.load.rng))

    def look_at(self, conversation: Conversation, ids: list[int]) -> None:
        """Ask for the statistics and the body of those jobs."""
        for start in range(0, len(ids), AT_ONCE // 2):
            some = ids[start : start + AT_ONCE // 2]
            questions = [
                Request(verb, id=id) for id in some for verb in ("stats-job", "peek")
            ]
            self.ask_alone(conversation, questions)

    def drive(self, connections: int, seconds: float, hush: float = 0.0) -> bool:
        """Load the server; tell whether it went away before those seconds were over.

        After some commands nobody asks anything for `hush` seconds, in which short
        ttrs run out.
        """
        began = heard = time.monotonic()
        wake = began
        try:
            while time.monotonic() < began + seconds:
                if time.monotonic() >= wake:
                    self._fill_up(connections)
                if hush and self.counts["commands"] > UNTIL_HUSH:
                    wake, hush = time.monotonic() + hush, 0.0
                if self._turn(0.05):
                    heard = time.monotonic()
                elif time.monotonic() > max(heard, wake) + SILENCE:
                    raise Stuck(self._address)
            self._finish()
        except Gone:
            return True
        return False

    def _fill_up(self, connections: int) -> None:
        """Give everybody who waits for nothing something to do."""
        now = moment()
        waiters = sum(conversation.is_blocked(now) for conversation in self._open)
        wanted = connections + min(waiters, WAITERS)
        try:
            while len(self._open) < wanted:
                self.join()
        except Gone:
            if not self._open:
                raise  # else they still have to be heard out
        for conversation in [c for c in self._open if not c.waiting]:
            if self.load.rng.random() < 0.005:
                self._leave(conversation, "us")  # what it holds comes back
                continue
            for _ in range(self.load.depth()):
                request = self.load.request(conversation.number, conversation.tubes)
                self._say(conversation, request)

    def _finish(self) -> None:
        """Hear everybody out; half-closed, who still waits for a job is told so."""
        for conversation in self._open:
            self._history.half_closed(conversation.number)
            self._history.commit()
            conversation.half_close()
        try:
            while self._turn(1.0):
                continue
        except Gone:
            return
        raise Stuck(self._address)

    def drained(self) -> None:
        """Write down that nothing is left."""
        self._history.drained()
        self._history.commit()

    def close(self) -> None:
        """Leave the history complete."""
        for conversation in list(self._open):
            self._leave(conversation, "us")
        self._history.close()
