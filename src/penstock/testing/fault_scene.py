"""One fault in a real server, from a known folder to the verdict.

The data folder is on a file system that forgets what was not synced, so that an
acknowledgement too many is a job lost: after the fault the power goes, and the server
starts again on what is left.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.testing.callers import Callers, Gone, Stuck, Unreachable
from penstock.testing.checkers import check
from penstock.testing.conversation import Conversation
from penstock.testing.data_server import DataServer
from penstock.testing.draining import drain
from penstock.testing.fuse_cuts import SMALL
from penstock.testing.history import read_history
from penstock.testing.kills import templated
from penstock.testing.load import TUBES, Request
from penstock.testing.small_server import HOLD
from penstock.testing.tracing import Call, Injection, Trace, release, wait_held
from penstock.testing.volatile_fs import VolatileFs

CREATE, START, PUT, ROLL, COMPACT, SHUTDOWN = PHASES = (
    "create",  # the first start, in a folder that is not there
    "start",  # a start after a crash that has torn the end
    "put",  # small commands of all kinds
    "roll",  # bodies that fill segment after segment
    "compact",  # and their deletion
    "shutdown",
)

# What the disk does instead of a system call that is not carried out.
ON_DISK = {"short write": "short", "lost sync": "sync"}

HELD = SMALL.replace(" serve ", f" {HOLD} serve ")
BODY = 20_000  # bytes: three of them fill a segment of the small server
SEGMENTS = 120  # names of segments to watch
FAILED = os.EX_IOERR
LONG = 1 << 62  # nanoseconds: the history needs no disk
TORN = b"\x5a" * 700  # what is no frame
SECTOR = 512
END = 15.0  # seconds within which a server that must end does


@dataclass(frozen=True, slots=True)
class Case:
    """In that phase, the n-th call of that name ends with that error."""

    phase: str
    call: str
    error: str
    nth: int

    def __str__(self) -> str:
        return f"{self.phase} / {self.call} / {self.error} / {self.nth}"


@dataclass(slots=True)
class Outcome:
    """What came of a case: whether the fault came at all, and what was wrong."""

    case: Case | None
    phase: str
    fired: bool = False
    status: int | None = None  # the server's, where the fault ended it
    wrong: list[str] = field(default_factory=list)
    violations: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)  # the most of one thread


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A data folder after a crash, and the history that led to it."""

    files: dict[str, bytes]
    history: bytes


class Scene:
    """A place where one case after the other is played."""

    def __init__(self, disk: VolatileFs, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._data = disk.folder / "data"
        self._history = folder / "history"
        self._runs = 0

    # The folder before the fault.

    def snapshot(self) -> Snapshot:
        """Let a server work a little and crash; tear the end of its log."""
        self._reset(None)
        callers = Callers(self._history, "snapshot", LONG)
        server = self._start()
        if not server.wait_serving():
            raise RuntimeError(f"it does not start: {server.said()}")
        conversation = self._reach(callers, server)
        work(callers, conversation)
        fill(callers, conversation, 4)
        server.kill()
        server.wait()
        callers.close()
        files = {path.name: path.read_bytes() for path in self._data.glob("*")}
        written = [n for n, c in files.items() if n.endswith(".log") and any(c)]
        files[max(written)] = torn(files[max(written)])
        return Snapshot(files, self._history.read_bytes())

    def _reset(self, snapshot: Snapshot | None) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._history.unlink(missing_ok=True)
        if snapshot is not None:
            self._history.write_bytes(snapshot.history)
            self._data.mkdir()
            for name, content in snapshot.files.items():
                with (self._data / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            _sync(self._data)
        _sync(self._disk.folder)

    # The fault.

    def play(self, snapshot: Snapshot, case: Case | None, phase: str) -> Outcome:
        """Go through a phase with a fault in it, or with none to count the calls."""
        outcome = Outcome(case, phase)
        self._reset(None if phase == CREATE else snapshot)
        callers = Callers(self._history, f"{case}", LONG)
        server = self._start(held=phase in {CREATE, START})
        try:
            self._suffer(server, callers, outcome)
            self._observe(server, outcome)
            self._recover(server, callers, outcome)
        except (Gone, Unreachable, Stuck) as error:
            outcome.wrong.append(f"{type(error).__doc__} {server.said()[-500:]}")
        except OSError as error:
            outcome.wrong.append(f"{error} {server.said()[-500:]}")
        except subprocess.TimeoutExpired:
            outcome.wrong.append(f"it serves no more and does not end: {server.said()}")
        finally:
            server.kill()
            server.wait()
            callers.close()
        verdict = check(read_history(self._history))
        if verdict.violations:
            outcome.wrong.append(str(verdict))
            outcome.violations = Counter(each.kind for each in verdict.violations)
        return outcome

    def _suffer(self, server: DataServer, callers: Callers, outcome: Outcome) -> None:
        """Play the phase's part while the fault is armed."""
        held = outcome.phase in {CREATE, START}
        conversation = None if held else self._reach(callers, server)
        with self._fault(server, outcome):
            if held:
                release(server.process)
                if not server.wait_serving():
                    return
            try:
                conversation = conversation or self._reach(callers, server)
                act(outcome.phase, callers, conversation, server)
            except (Gone, Unreachable):
                server.wait(END)

    @contextmanager
    def _fault(self, server: DataServer, outcome: Outcome) -> Iterator[None]:
        case = outcome.case
        if case is not None and case.call in ON_DISK:
            number = getattr(errno, case.error)
            self._disk.fail(ON_DISK[case.call], case.nth - 1, number)
            yield
            outcome.fired = self._disk.has_failed()
            return
        injection = Injection(case.call, case.error, case.nth) if case else None
        log = self._folder / "trace"
        with Trace(server.process.pid, log, self._paths(), injection) as trace:
            yield
        outcome.fired = bool(trace.injected())
        outcome.wrong += goes_on(trace.calls())
        threads: dict[int, Counter[str]] = {}
        for call in trace.calls():
            threads.setdefault(call.thread, Counter())[call.name] += 1
            outcome.calls |= threads[call.thread]

    def _paths(self) -> list[Path]:
        names = [f"{number:010}.log" for number in range(1, SEGMENTS)]
        names += ["lock", "store", "store.new", "mark", "mark.new", "quarantine"]
        return [self._data, *(self._data / name for name in names)]

    def _observe(self, server: DataServer, outcome: Outcome) -> None:
        """Look how the server took it."""
        case = outcome.case
        fatal = case is not None and outcome.fired and must_end(case)
        outcome.status = server.wait() if server.has_ended() else None
        if outcome.status is None or (
            outcome.status == 0 and outcome.phase == SHUTDOWN
        ):
            if fatal:
                outcome.wrong.append("it thinks nothing of a failed write or sync")
            return
        if case is None or outcome.status != FAILED:
            outcome.wrong.append(f"status {outcome.status}: {server.said()[-500:]}")
            return
        reasons = [os.strerror(getattr(errno, case.error))]
        if case.error in {"ENOSPC", "EDQUOT"}:
            reasons.append("no room left")  # when what it waited for was not prepared
        said = server.said().splitlines()
        lines = [line for line in said if any(why in line for why in reasons)]
        if len(lines) != 1:
            outcome.wrong.append(f"{len(lines)} lines say why: {server.said()[-800:]}")

    def _recover(self, server: DataServer, callers: Callers, outcome: Outcome) -> None:
        """Lose the power, start again, look at everything."""
        self._disk.cut()
        server.kill()
        self._disk.power_on(seed=1, share=0)
        server.wait()
        again = self._start()
        try:
            if not again.wait_serving():
                outcome.wrong.append(f"it does not start again: {again.said()}")
                return
            self._reach(callers, again)
            callers.look()
            drain(callers)
            if again.stop():
                outcome.wrong.append(f"it does not end well: {again.said()}")
        finally:
            again.kill()
            again.wait()

    def _start(self, *, held: bool = False) -> DataServer:
        self._runs += 1
        name = f"server{self._runs % 2}"
        command = templated(HELD if held else SMALL)
        server = DataServer(command, self._data, self._folder, name)
        if held:
            wait_held(server.process)
        return server

    def _reach(self, callers: Callers, server: DataServer) -> Conversation:
        callers.begin(server.address)
        callers.reach(END)
        return callers.join(TUBES)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def torn(segment: bytes) -> bytes:
    """Put something behind the last frame that is none."""
    sectors = len(segment.rstrip(b"\0")) // SECTOR + 1
    return (segment[: sectors * SECTOR] + TORN).ljust(len(segment), b"\0")


# What clients do meanwhile.


def act(
    phase: str, callers: Callers, conversation: Conversation, server: DataServer
) -> None:
    """Play the part of a phase; raises Gone when the server ends."""
    if phase in {ROLL, COMPACT}:
        ids = fill(callers, conversation, 10 if phase == ROLL else 24)
        if phase == COMPACT:
            deletes = [Request("delete", id=id) for id in ids[1:]]
            for each in deletes:
                callers.ask_alone(conversation, [each])
            fill(callers, conversation, 2)
    elif phase == SHUTDOWN:
        fill(callers, conversation, 1)
        server.process.terminate()
        server.wait(END)
        return
    work(callers, conversation)


def fill(callers: Callers, conversation: Conversation, count: int) -> list[int]:
    """Put so many large bodies, one after the other; give their ids."""
    ids = []
    for number in range(count):
        body = b"%d " % number + os.urandom(BODY)
        put = Request("put", tube=TUBES[0], pri=5, ttr=60, body=body)
        ids.append(callers.ask_alone(conversation, [put])[0].id)
    return ids


def work(callers: Callers, conversation: Conversation) -> None:
    """Give commands of all kinds, most of them one by one."""

    def ask(request: Request) -> int:
        return callers.ask_alone(conversation, [request])[0].id

    def put(pri: int, delay: int = 0) -> Request:
        body = b"%d" % time.monotonic_ns()
        return Request("put", tube=TUBES[1], pri=pri, delay=delay, ttr=60, body=body)

    for pri in range(4):
        ask(put(pri))
    reserve = Request("reserve-with-timeout", tubes=TUBES)
    held = [ask(reserve) for _ in range(3)]
    ask(Request("release", id=held[0], pri=7))
    ask(Request("bury", id=held[1], pri=8))
    ask(Request("delete", id=held[2]))
    ask(Request("kick", tube=TUBES[1], bound=10))
    ask(put(0, delay=3600))
    callers.ask_alone(conversation, [put(9) for _ in range(20)])


# What must be.

SYNCS = ("fdatasync", "fsync")
WRITES = ("pwritev", "pwritev2")


def must_end(case: Case) -> bool:
    """Tell whether nothing may be acknowledged after that fault, whatever it met.

    No room is no such thing where a segment is prepared, or the disk is timed.
    """
    return case.error == "EIO" and case.call in (*SYNCS, *WRITES, "lost sync")


def goes_on(calls: list[Call]) -> list[str]:
    """Find a thread that writes batches, and still does after that has failed."""
    failed: dict[int, Call] = {}
    writers = {call.thread for call in calls if call.name in WRITES}
    wrong = []
    for call in calls:
        broken = call.name in (*SYNCS, *WRITES) and call.error != "EINTR"
        if call.thread in failed and call.name in (*SYNCS, *WRITES):
            wrong.append(f"{call.name} after {failed[call.thread].name} has failed")
        elif call.injected and broken and call.thread in writers:
            failed[call.thread] = call
    return wrong
