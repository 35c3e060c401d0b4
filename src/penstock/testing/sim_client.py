"""A client inside the simulation: what it asks, what it hears, and what it may trust.

As in a local session, every answer puts one byte into the outbox, so that the outbox's
marks tell how many answers have left; only these were told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from penstock.clock import Clock
from penstock.core import commands
from penstock.core.extra import Extra
from penstock.core.job import BURIED, DELAYED, HELD, READY, RESERVED
from penstock.core.session import Session
from penstock.server.broker import Broker
from penstock.testing.promises import Known, PromiseBroken, Promises


class SimClient(Session):
    """One session, and what its answers promise. `answers` counts those that left,
    `refusals` the puts that found no room."""

    def __init__(self, broker: Broker, promises: Promises, clock: Clock) -> None:
        super().__init__(broker.engine.index.tube(b"default"))
        self.promises = promises
        self.answers = 0
        self.refusals = 0
        self._broker = broker
        self._engine = broker.engine
        self._turn = broker.turn
        self._clock = clock
        self._given: Any = ()
        self._unsent: deque[tuple[int, int]] = deque()
        self.link = self
        self._engine.open(self)

    # Asking.

    def ask(self, command: Callable[..., None], *given: object) -> None:
        """Run a command of the engine."""
        self._broker.advance()
        self._given = given
        command(self, *given)
        self._turn.speak(self)
        self._broker.stage()

    def commit(self, wanted: Sequence[commands.Command]) -> None:
        """Do several things at once. Who gets a job of theirs hears of it first; what
        time alone has given is no gift of theirs."""
        self._broker.advance()
        self.promises.gifts = []
        self.ask(self._engine.ledger.commit, wanted)
        gifts, self.promises.gifts = self.promises.gifts, None
        for take in gifts:
            take()

    def leave(self) -> None:
        """Go, whatever is still unsaid: what was held is ready again."""
        self._broker.advance()
        for id, known in list(self.promises.jobs.items()):
            if known.state == RESERVED and known.holder == self.number:
                self.promises.set(self._seq, id, known.ready(), hard=False)
        self.link = None
        self._engine.close(self)
        self._broker.stage()

    # Hearing.

    def flush(self) -> None:
        """Take what may leave; the broker calls this too."""
        count = self.sendable(self._turn.durable)
        self.sent(count)
        for _ in range(count):
            self.promises.tell(self._clock.now(), *self._unsent.popleft())
        self.answers += count
        if self._unsent:
            self._turn.hold(self)

    @property
    def _seq(self) -> int:
        return self._turn.batch.seq

    @property
    def _now(self) -> int:
        return self._turn.now

    def _answer(self, seq: int = 0, id: int = 0) -> None:
        """Say something that depends on what was staged in that batch."""
        self._unsent.append((seq, id))
        self.outbox.add(b".")

    def _change(self, id: int, known: Known | None) -> None:
        self.promises.set(self._seq, id, known)

    def _job(self, id: int) -> Known:
        known = self.promises.jobs.get(id)
        if known is None:
            raise PromiseBroken(f"job {id} is spoken of, and should not be there")
        return known

    def _later(self, delay: int) -> tuple[int, int]:
        """Give state and due of a job that is ready after a delay."""
        return (DELAYED, self._now + delay) if delay else (READY, 0)

    # What is said of puts and of jobs that are shown.

    def say_inserted(self, id: int) -> None:
        pri, delay, ttr, _attributes, body = self._given
        self._insert(id, self.used.name, body, pri, delay, ttr)
        self._answer(self._seq, id)

    def _insert(
        self, id: int, tube: bytes, body: bytes, pri: int, delay: int, ttr: int
    ) -> None:
        if id <= self.promises.highest or id in self.promises.jobs:
            raise PromiseBroken(f"id {id} was given a second time")
        state, due = self._later(delay)
        self._change(id, Known(tube, body, pri, ttr, state, due))

    def say_out_of_memory(self) -> None:
        self.refusals += 1
        self._answer()

    def say_draining(self) -> None:
        self.refusals += 1
        self._answer()

    def say_reserved(self, id: int, body: bytes, extra: Extra | None) -> None:
        shown = self.promises.changed(id)
        if self.promises.gifts is not None:
            self.promises.gifts.append(lambda: self._hold(id, body))
            shown = self._seq
        else:
            self._hold(id, body)
        self._answer(shown if self.lease is None else self._seq, id)

    def _hold(self, id: int, body: bytes) -> None:
        known = self._shown(id, body)
        held = known._replace(
            state=RESERVED,
            due=self._now + known.ttr,
            holder=self.number if self.lease is None else self.lease,
        )
        self.promises.set(self._seq, id, held, hard=self.lease is not None)

    def say_found(self, id: int, body: bytes, extra: Extra | None) -> None:
        self._shown(id, body)
        self._answer(self.promises.changed(id), id)

    def _shown(self, id: int, body: bytes) -> Known:
        known = self._job(id)
        if body != known.body:
            raise PromiseBroken(f"job {id} has another body")
        return known

    # What is said of jobs that are changed.

    def say_deleted(self) -> None:
        self._change(self._given[0], None)
        self._answer(self._seq)

    def say_released(self) -> None:
        id, pri, delay = self._given
        state, due = self._later(delay)
        known = self._job(id).ready()
        releases = known.releases + 1
        self._change(
            id, known._replace(state=state, due=due, pri=pri, releases=releases)
        )
        self._answer(self._seq)

    def say_buried(self) -> None:
        id, pri = self._given
        known = self._job(id).ready()
        place, buries = self.promises.place(), known.buries + 1
        self._change(
            id, known._replace(state=BURIED, place=place, pri=pri, buries=buries)
        )
        self._answer(self._seq)

    def say_touched(self) -> None:
        known = self._job(self._given[0])
        touched = known._replace(due=self._now + known.ttr)
        hard = self.lease is not None
        self.promises.set(self._seq, self._given[0], touched, hard=hard)
        self._answer(self._seq if hard else 0)

    def say_kicked(self, count: int) -> None:
        kicked = self._kickable(BURIED) or self._kickable(DELAYED)
        for _order, id in kicked[:count]:
            self._kick(id)
        if count != min(self._given[0], len(kicked)):
            raise PromiseBroken(f"{count} jobs were kicked, not {len(kicked)}")
        self._answer(self._seq if count else 0)

    def _kickable(self, state: int) -> list[tuple[int, int]]:
        """List the jobs of the used tube that are in a state, in their order."""
        return sorted(
            (known.place if state == BURIED else known.due, id)
            for id, known in self.promises.jobs.items()
            if known.tube == self.used.name and known.state_at(self._now) == state
        )

    def _kick(self, id: int) -> None:
        known = self._job(id).ready()
        self._change(id, known._replace(kicks=known.kicks + 1))

    def say_kicked_job(self) -> None:
        self._kick(self._given[0])
        self._answer(self._seq)

    def say_paused(self) -> None:
        tube, length = self._given
        until = self._now + length if length else 0
        self.promises.set_pause(self._seq, tube, until)
        self._answer(self._seq)

    def say_not_found(self) -> None:
        self._answer(self.promises.changed(self._given[0]) if self._given else 0)

    # What is said of commits.

    def say_committed(self, results: list[object]) -> None:
        for command, result in zip(self._given[0], results, strict=True):
            self._done(command, result)
        self._answer(self._seq)

    def _done(self, command: object, result: object) -> None:
        match command:
            case commands.Put():
                assert isinstance(result, int)
                job = (command.tube, command.body, command.pri)
                self._insert(result, *job, command.delay, command.ttr)
            case commands.Delete():
                self._change(command.id, None)
            case commands.Hold():
                held = self._job(command.id).ready()._replace(state=HELD)
                self._change(command.id, held)
            case commands.Free():
                state, due = self._later(command.delay)
                freed = self._job(command.id)._replace(state=state, due=due)
                self._change(command.id, freed)
            case commands.Set():
                self.promises.set_record(self._seq, command.key, command.value)
            case commands.Unset():
                self.promises.set_record(self._seq, command.key, None)
            case commands.Note():
                self._attach(command)
            case commands.Change():
                self._alter(command)
            case commands.Clear():
                self._clear(command)
            case _:
                raise AssertionError(f"{command} has no meaning here")

    def _attach(self, command: commands.Note) -> None:
        known = self._job(command.id)
        notes = {**dict(known.notes), command.namespace: command.value}
        left = tuple(sorted((name, note) for name, note in notes.items() if note))
        self._change(command.id, known._replace(notes=left))

    def _alter(self, command: commands.Change) -> None:
        known = self._job(command.id)
        if known.state == RESERVED:  # its ttr is over
            known = known.ready()
        if command.tube is not None:
            known = known._replace(tube=command.tube)
        if command.pri is not None:
            known = known._replace(pri=command.pri)
        if command.delay is not None:
            state, due = self._later(command.delay)
            known = known._replace(state=state, due=due)
        self._change(command.id, known)

    def _clear(self, command: commands.Clear) -> None:
        for id, known in list(self.promises.jobs.items()):
            meant = known.state_at(self._now) in command.states
            if known.tube == command.tube and meant:
                self._change(id, None)

    def say_refused(self, refusal: str, at: int) -> None:
        self._answer()

    # What is said of the connection alone.

    def say_timed_out(self) -> None:
        self._answer()

    def say_deadline_soon(self) -> None:
        self._answer()

    def say_using(self, name: bytes) -> None:
        self._answer()

    def say_watching(self, count: int) -> None:
        self._answer()

    def say_not_ignored(self) -> None:
        self._answer()
