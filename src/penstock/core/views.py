"""Questions about the queue: peeks, statistics, lists. Nothing changes here.

The texts are the YAML that beanstalkd 1.13 writes, byte for byte; fields of our own
come after the old ones.
"""

from collections.abc import Callable

import cython

from penstock.core.counters import Counters
from penstock.core.heap import Heap
from penstock.core.index import Index
from penstock.core.job import REASON_NAMES, STATE_NAMES, Job
from penstock.core.matching import Matching
from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.job import BURIED, DELAYED, HELD, READY, RESERVED

SECOND = 1_000_000_000

# The order is the protocol's.
COMMANDS = (
    "put",
    "peek",
    "peek-ready",
    "peek-delayed",
    "peek-buried",
    "reserve",
    "reserve-with-timeout",
    "delete",
    "release",
    "use",
    "watch",
    "ignore",
    "bury",
    "kick",
    "touch",
    "stats",
    "stats-job",
    "stats-tube",
    "list-tubes",
    "list-tube-used",
    "list-tubes-watched",
    "pause-tube",
)

Fields = list[tuple[str, object]]


def yaml(fields: Fields) -> bytes:
    """Write a mapping, one `key: value` a line."""
    return "".join(["---\n", *(f"{key}: {value}\n" for key, value in fields)]).encode()


def yaml_list(names: list[bytes]) -> bytes:
    """Write a list, one `- name` a line."""
    return b"".join([b"---\n", *(b"- " + name + b"\n" for name in names)])


def no_surroundings() -> dict[str, object]:
    """Stand in until the server tells what it is."""
    return {}


@cython.final
@cython.cclass
class Views:
    """`surroundings` gives what only the server knows, by field name: pid, version,
    host, times. The engine has no other way to learn it."""

    def __init__(
        self, store: Store, turn: Turn, matching: Matching, counters: Counters
    ) -> None:
        self.store = store
        self.index: Index = store.index
        self.turn = turn
        self.matching = matching
        self.counters = counters
        self.surroundings: Callable[[], dict[str, object]] = no_surroundings

    # Jobs.

    @cython.ccall
    def peek(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Show a job in any state, whoever holds it."""
        self._found(session, self.index.find(id))

    @cython.ccall
    def peek_first(self, session: Session, state: cython.uint) -> cython.void:
        """Show the used tube's first job of a state."""
        self._found(session, self.index.top(session.used, state))

    @cython.cfunc
    def _found(self, session: Session, job: Job | None) -> cython.void:
        self.turn.show(session)
        if job is None:
            session.say_not_found()
        else:
            session.say_found(job.id, job.body, job.extra)

    @cython.cfunc
    def _text(self, session: Session, content: bytes) -> cython.void:
        self.turn.show(session)
        session.say_text(content)

    # Statistics.

    @cython.ccall
    def stats_job(self, session: Session, id: cython.ulonglong) -> cython.void:
        """Tell about a job."""
        job: Job | None = self.index.find(id)
        if job is None:
            self._found(session, None)
        else:
            self._text(session, yaml(self.job_fields(job)))

    def _left(self, moment: int) -> int:
        """Count the whole seconds that are still to go: of ten, nine at once."""
        now = self.turn.now
        return (moment - now - 1) // SECOND if moment > now else 0

    def job_fields(self, job: Job) -> Fields:
        """List what is told about a job. Old clients know four states: a held job is
        shown as delayed, with no time left."""
        state = STATE_NAMES[DELAYED if job.state == HELD else job.state].decode()
        left = self._left(job.due) if job.state in (DELAYED, RESERVED) else 0
        return [
            ("id", job.id),
            ("tube", f'"{job.tube.name.decode()}"'),
            ("state", state),
            ("pri", job.pri),
            ("age", (self.turn.now - job.created) // SECOND),
            ("delay", job.delay // SECOND),
            ("ttr", job.ttr // SECOND),
            ("time-left", left),
            ("file", job.home),
            ("reserves", job.reserves),
            ("timeouts", job.timeouts),
            ("releases", job.releases),
            ("buries", job.buries),
            ("kicks", job.kicks),
            ("reason", REASON_NAMES[job.reason]),
        ]

    @cython.ccall
    def stats_tube(self, session: Session, name: bytes) -> cython.void:
        """Tell about a tube, if it exists."""
        tube: Tube | None = self.index.tubes.get(name)
        if tube is None:
            self._found(session, None)
        else:
            self._text(session, yaml(self.tube_fields(tube)))

    def tube_fields(self, tube: Tube) -> Fields:
        """List what is told about a tube."""
        return [
            ("name", f'"{tube.name.decode()}"'),
            ("current-jobs-urgent", tube.urgent),
            ("current-jobs-ready", tube.count(READY)),
            ("current-jobs-reserved", tube.count(RESERVED)),
            ("current-jobs-delayed", tube.count(DELAYED)),
            ("current-jobs-buried", tube.count(BURIED)),
            ("total-jobs", tube.total_jobs),
            ("current-using", tube.using),
            ("current-watching", tube.watching),
            ("current-waiting", tube.waiting),
            ("cmd-delete", tube.cmd_delete),
            ("cmd-pause-tube", tube.cmd_pause_tube),
            ("pause", tube.pause // SECOND),
            ("pause-time-left", self._left(tube.pause_until)),
            ("current-jobs-held", tube.count(HELD)),
        ]

    @cython.ccall
    def stats(self, session: Session) -> cython.void:
        """Tell about the whole server."""
        self._text(session, yaml(self.server_fields()))

    def server_fields(self) -> Fields:
        """List what is told about the server."""
        told = self.surroundings()
        index, counters = self.index, self.counters
        names = [f"cmd_{command.replace('-', '_')}" for command in COMMANDS]
        fields: Fields = [
            ("current-jobs-urgent", index.urgent),
            ("current-jobs-ready", index.count(READY)),
            ("current-jobs-reserved", index.count(RESERVED)),
            ("current-jobs-delayed", index.count(DELAYED)),
            ("current-jobs-buried", index.count(BURIED)),
        ]
        for command, name in zip(COMMANDS, names, strict=True):
            fields.append((f"cmd-{command}", getattr(counters, name)))
        fields += [
            ("job-timeouts", counters.job_timeouts),
            ("total-jobs", counters.total_jobs),
            ("max-job-size", told["max-job-size"]),
            ("current-tubes", len(index.tubes)),
            ("current-connections", len(self.matching.sessions)),
            ("current-producers", counters.current_producers),
            ("current-workers", counters.current_workers),
            ("current-waiting", self.matching.waiting),
            ("total-connections", counters.total_connections),
        ]
        # The server gives the others in the protocol's order, ours after them.
        fields += [item for item in told.items() if item[0] != "max-job-size"]
        fields.append(("current-jobs-held", index.count(HELD)))
        return fields

    # Lists.

    def page(self, tube: Tube, state: int, after: int, most: int) -> list[Job]:
        """Give the first jobs of a tube in a state with an id after that one."""
        heap: Heap = self.index.deadlines if state == RESERVED else tube.heap(state)
        found: list[Job] = []
        ids: set[int] = {heap.id(at) for at in range(heap.size) if heap.id(at) > after}
        for id in sorted(ids):
            job: Job | None = self.index.find(id)
            if job is not None and job.tube is tube and job.state == state:
                found.append(job)
                if len(found) >= most:
                    break
        return found

    def brief(self, job: Job) -> Fields:
        """List what a page tells about a job."""
        left = self._left(job.due) if job.state in (DELAYED, RESERVED) else 0
        return [
            ("id", job.id),
            ("pri", job.pri),
            ("age", (self.turn.now - job.created) // SECOND),
            ("time_left", left),
            ("ttr", job.ttr // SECOND),
            ("bytes", len(job.body)),
            ("reserves", job.reserves),
            ("reason", REASON_NAMES[job.reason]),
        ]

    @cython.ccall
    def list_tubes(self, session: Session) -> cython.void:
        """List the tubes that exist."""
        self._text(session, yaml_list(list(self.index.tubes)))

    @cython.ccall
    def list_tubes_watched(self, session: Session) -> cython.void:
        """List the tubes that a session watches."""
        session.say_text(yaml_list([tube.name for tube in session.watched]))
