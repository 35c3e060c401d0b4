"""Local sessions: the queue's commands as coroutines, without a socket.

For every answer the session puts one byte into its outbox, and the future of the caller
at the same place of a list. So the outbox's marks tell how many answers may be given,
and what is told here leaves by the same door, under the same rule, as what is told to
a socket: once everything that it shows is durable.

An expected outcome is a value: a job, a number, True or False, a Refusal. One session
takes any command while it waits for a job, except those that reserve, watch or ignore.
Durations are nanoseconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from penstock.core.checks import check_attributes
from penstock.core.commands import Command
from penstock.core.extra import Extra
from penstock.core.job import BURIED, DELAYED, READY, RESERVED
from penstock.core.session import Session
from penstock.server.answers import (
    LONGEST,
    MOST_PRI,
    SECOND,
    Exists,
    Found,
    Refusal,
    Refused,
    checked,
    checked_name,
    found,
    told,
)
from penstock.server.broker import Broker

NEVER = 0xFFFFFFFFFFFFFFFF

Asked = asyncio.Future[Any]


class LocalSession(Session):
    """One client inside the server. It uses and watches `default` at first.

    With `lease` set, it reserves, touches, deletes and releases in the name of that
    lease, as any other session with the same token may.
    """

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker.engine.index.tube(b"default"))
        self._broker = broker
        self._engine = broker.engine
        self._turn = broker.turn
        self._asked: Asked | None = None
        self._reserving: Asked | None = None
        self._answers: deque[tuple[Asked, object]] = deque()
        self._putting: list[Asked] = []
        self.link = self
        self._engine.open(self)

    def close(self) -> None:
        """Leave: what this session held is ready again, what it asked stays unsaid."""
        if self.closed:
            return
        self._broker.advance()
        self._engine.close(self)
        self.link = None
        waiting = [future for future, _ in self._answers] + self._putting
        if self._reserving is not None:
            waiting.append(self._reserving)
        for future in waiting:
            future.cancel()
        self._answers.clear()
        self._broker.stage()

    # Asking and answering.

    def _ask(
        self, command: Callable[..., None], *given: object, job: bool = False
    ) -> Asked:
        """Run a command; give what will be its answer."""
        assert not self.closed, "this session is closed"
        future: Asked = asyncio.get_running_loop().create_future()
        self._broker.advance()
        self._asked = future
        if job:
            self._reserving = future
        try:
            command(self, *given)
        except BaseException:
            self._reserving = None if job else self._reserving
            raise
        finally:
            self._asked = None
        self._turn.speak(self)
        self.flush()
        self._broker.stage()
        return future

    def _look(self, look: Callable[[], object]) -> Asked:
        """Ask for what the engine's state shows now."""

        def command(session: Session) -> None:
            self._turn.show(session)
            self._answer(look())

        return self._ask(command)

    def _answer(self, value: object) -> None:
        """Answer the command that runs."""
        assert self._asked is not None, value
        self._say(self._asked, value)

    def _answer_reserve(self, value: object) -> None:
        """Answer the one that wants a job, which may have waited for long."""
        assert self._reserving is not None, value
        self._say(self._reserving, value)

    def _say(self, future: Asked, value: object) -> None:
        if self._reserving is future:
            self._reserving = None
        self._answers.append((future, value))
        self.outbox.add(b".")

    def flush(self) -> None:
        """Give the answers that may be given; the broker calls this too."""
        count = self.sendable(self._turn.durable)
        given = [self._answers.popleft() for _ in range(count)]
        self.sent(count)
        for future, value in given:
            if not future.done():
                future.set_result(value)
            else:
                self._undo(value)
        self._let_in()
        if self._answers or self._putting:
            self._turn.hold(self)

    def _undo(self, value: object) -> None:
        """Release a job that was given to a caller who did not wait for it."""
        if not isinstance(value, Found):
            return
        job = self._engine.index.find(value.id)
        if job is not None and job.state == RESERVED and self.holds(job.holder):
            self._ask(self._engine.release, job.id, job.pri, 0)

    # Producers.

    async def put(
        self,
        body: bytes,
        *,
        pri: int = 0,
        delay: int = 0,
        ttr: int = 60 * SECOND,
        attributes: bytes = b"",
    ) -> int | Exists | Refusal:
        """Put a job into the used tube; give its id, or that of the job that has its
        dedup key already."""
        checked("pri", pri, MOST_PRI)
        checked("delay", delay, LONGEST)
        ttr = checked("ttr", ttr, LONGEST) or SECOND
        check_attributes(attributes)
        if len(body) > self._engine.policy.max_job_size:
            return Refusal.TOO_BIG
        await self._room()
        self._engine.producers.mark(self)
        given = (pri, delay, ttr, attributes, body)
        answer: int | Exists | Refusal = await self._ask(
            self._engine.producers.put, *given
        )
        return answer

    async def _room(self) -> None:
        """Wait while too much is collecting, as sockets that put do."""
        while self._turn.is_full():
            future: Asked = asyncio.get_running_loop().create_future()
            self._putting.append(future)
            self._turn.hold(self)
            self._broker.stage()
            await future

    def _let_in(self) -> None:
        if self._putting and not self._turn.is_full():
            putting, self._putting = self._putting, []
            for future in putting:
                if not future.done():
                    future.set_result(None)

    async def use(self, tube: bytes) -> None:
        """Let later puts, kicks and peeks go to that tube."""
        await self._ask(self._engine.lifetime.use, checked_name(tube))

    # Consumers.

    async def reserve(self, timeout: int | None = None) -> Found | Refusal:  # noqa: ASYNC109
        """Take the first ready job of the watched tubes, or wait for one.

        The wait may be cancelled at any moment: a job that was given but not yet seen
        is released.
        """
        assert self._reserving is None, "this session waits for a job already"
        until = NEVER if timeout is None else checked("timeout", timeout, LONGEST)
        future = self._ask(self._engine.reserve, until, job=True)
        answer: Found | Refusal = await self._receive(future)
        return answer

    async def reserve_job(self, id: int) -> Found | None:
        """Take one job by its id, unless somebody holds it."""
        assert self._reserving is None, "this session waits for a job already"
        future = self._ask(self._engine.reserve_job, id, job=True)
        answer: Found | None = (await self._receive(future)) or None
        return answer

    async def _receive(self, future: Asked) -> Any:  # noqa: ANN401
        try:
            return await future
        except asyncio.CancelledError:
            self._withdraw(future)
            raise

    def _withdraw(self, future: Asked) -> None:
        """End a reserve whose caller will not see the answer.

        Where the answer is still behind its barrier, it is undone when it comes out.
        """
        if self.closed:
            return
        if self._reserving is future:
            self._engine.give_up(self)
            self._turn.speak(self)
            self._broker.stage()
        elif not future.cancelled():
            self._undo(future.result())

    async def watch(self, tube: bytes) -> int:
        """Let later reserves take from that tube too; give the number of tubes."""
        assert self._reserving is None, "this session waits for a job"
        answer: int = await self._ask(self._engine.lifetime.watch, checked_name(tube))
        return answer

    async def ignore(self, tube: bytes) -> int | None:
        """Stop watching a tube; None where it is the only one."""
        assert self._reserving is None, "this session waits for a job"
        answer: int | None = await self._ask(
            self._engine.lifetime.ignore, checked_name(tube)
        )
        return answer

    async def delete(self, id: int) -> bool:
        """Remove a job that nobody else holds."""
        answer: bool = await self._ask(self._engine.delete, id)
        return answer

    async def release(self, id: int, *, pri: int = 0, delay: int = 0) -> bool:
        """Give a held job back: ready, or delayed."""
        checked("pri", pri, MOST_PRI)
        checked("delay", delay, LONGEST)
        answer: bool = await self._ask(self._engine.release, id, pri, delay)
        return answer

    async def bury(self, id: int, *, pri: int = 0) -> bool:
        """Set a held job aside."""
        checked("pri", pri, MOST_PRI)
        answer: bool = await self._ask(self._engine.bury, id, pri)
        return answer

    async def touch(self, id: int) -> bool:
        """Let a held job's ttr begin anew."""
        answer: bool = await self._ask(self._engine.touch, id)
        return answer

    # Whoever looks after the queue.

    async def kick(self, bound: int) -> int:
        """Make up to that many jobs of the used tube ready; give their number."""
        checked("bound", bound, MOST_PRI)
        answer: int = await self._ask(self._engine.kick, bound)
        return answer

    async def kick_job(self, id: int) -> bool:
        """Make one buried or delayed job ready."""
        answer: bool = await self._ask(self._engine.kick_job, id)
        return answer

    async def pause(self, tube: bytes, length: int) -> bool:
        """Let nothing be reserved from a tube for that long."""
        checked("length", length, LONGEST)
        answer: bool = await self._ask(self._engine.pause_tube, tube, length)
        return answer

    async def peek(self, id: int) -> Found | None:
        """Look at a job, whoever holds it."""
        answer: Found | None = (await self._ask(self._engine.views.peek, id)) or None
        return answer

    async def peek_ready(self) -> Found | None:
        """Look at the used tube's first ready job."""
        return await self._peek_first(READY)

    async def peek_delayed(self) -> Found | None:
        """Look at the used tube's delayed job that is due first."""
        return await self._peek_first(DELAYED)

    async def peek_buried(self) -> Found | None:
        """Look at the used tube's first buried job."""
        return await self._peek_first(BURIED)

    async def _peek_first(self, state: int) -> Found | None:
        answer = await self._ask(self._engine.views.peek_first, state)
        return answer or None

    async def stats_job(self, id: int) -> dict[str, object] | None:
        """Tell about a job."""
        answer: dict[str, object] | None = await self._look(lambda: self._job_told(id))
        return answer

    def _job_told(self, id: int) -> dict[str, object] | None:
        job = self._engine.index.find(id)
        return None if job is None else told(self._engine.views.job_fields(job))

    async def stats_tube(self, name: bytes) -> dict[str, object] | None:
        """Tell about a tube."""
        answer: dict[str, object] | None = await self._look(
            lambda: self._tube_told(name)
        )
        return answer

    def _tube_told(self, name: bytes) -> dict[str, object] | None:
        tube = self._engine.index.tubes.get(name)
        return None if tube is None else told(self._engine.views.tube_fields(tube))

    async def stats(self) -> dict[str, object]:
        """Tell about the whole server."""
        views = self._engine.views
        answer: dict[str, object] = await self._look(
            lambda: told(views.server_fields())
        )
        return answer

    async def list_tubes(self) -> list[bytes]:
        """List the tubes that exist."""
        answer: list[bytes] = await self._look(lambda: list(self._engine.index.tubes))
        return answer

    # What is attached and remembered.

    async def commit(self, commands: Sequence[Command]) -> list[object] | Refused:
        """Do several commands in one batch, all or nothing; give their results."""
        answer: list[object] | Refused = await self._ask(
            self._engine.ledger.commit, commands
        )
        return answer

    async def record(self, namespace: bytes, key: bytes) -> bytes | None:
        """Give the value of a record."""
        ledger = self._engine.ledger
        answer: bytes | None = await self._look(lambda: ledger.record(namespace, key))
        return answer

    # What the engine says.

    def say_inserted(self, id: int) -> None:
        self._answer(id)

    def say_exists(self, id: int) -> None:
        self._answer(Exists(id))

    def say_reserved(self, id: int, body: bytes, extra: Extra | None) -> None:
        self._answer_reserve(found(id, body, extra))

    def say_found(self, id: int, body: bytes, extra: Extra | None) -> None:
        self._answer(found(id, body, extra))

    def say_deleted(self) -> None:
        self._answer(True)

    def say_released(self) -> None:
        self._answer(True)

    def say_buried(self) -> None:
        self._answer(True)

    def say_touched(self) -> None:
        self._answer(True)

    def say_kicked(self, count: int) -> None:
        self._answer(count)

    def say_kicked_job(self) -> None:
        self._answer(True)

    def say_paused(self) -> None:
        self._answer(True)

    def say_committed(self, results: list[object]) -> None:
        self._answer(results)

    def say_refused(self, refusal: str, at: int) -> None:
        self._answer(Refused(refusal, at))

    def say_not_found(self) -> None:
        self._answer(False)

    def say_timed_out(self) -> None:
        self._answer_reserve(Refusal.TIMED_OUT)

    def say_deadline_soon(self) -> None:
        self._answer_reserve(Refusal.DEADLINE_SOON)

    def say_using(self, name: bytes) -> None:
        self._answer(name)

    def say_watching(self, count: int) -> None:
        self._answer(count)

    def say_not_ignored(self) -> None:
        self._answer(None)

    def say_draining(self) -> None:
        self._answer(Refusal.DRAINING)

    def say_out_of_memory(self) -> None:
        self._answer(Refusal.OUT_OF_MEMORY)
