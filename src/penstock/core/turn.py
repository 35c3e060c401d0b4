"""What one turn stages: the batch that collects, what its replies wait for, and the
sessions that were spoken to."""

import cython

from penstock.core.events import Batch
from penstock.core.session import Session
from penstock.core.tube import Tube

if not cython.compiled:
    MOST_COLLECTING = 8 * 1024 * 1024  # bytes of events that wait for the log


@cython.final
@cython.cclass
class Turn:
    """The engine's time and its one way out.

    `barrier` is the newest batch with a hard event that has been handed to the log,
    `durable` the newest that the log has made safe. `spoken` are the sessions, other
    than the one whose commands run, that have something new in their outbox. `held`
    are those that wait for a batch to become durable. `ripe` are the tubes that may
    have something for their waiters, `warned` the sessions that hold a job whose last
    second has begun, `loosened` the tubes to which nothing may refer any more.
    """

    def __init__(self) -> None:
        self.now = 0
        self.batch = Batch()
        self.batch.clear(1)
        self.barrier = 0
        self.durable = 0
        self.running: Session | None = None
        self.spoken: list[Session] = []
        self.held: list[Session] = []
        self.ripe: list[Tube] = []
        self.warned: list[Session] = []
        self.loosened: list[Tube] = []

    @cython.ccall
    def show(self, session: Session) -> cython.void:
        """Let what is said next wait for the last hard event staged before it."""
        if self.batch.hard:
            session.raise_barrier(self.batch.seq, self.durable)
        else:
            session.raise_barrier(self.barrier, self.durable)
        self.speak(session)

    @cython.ccall
    def speak(self, session: Session) -> cython.void:
        """Note that a session other than the running one has something to send."""
        if session is not self.running and not session.queued:
            session.queued = True
            self.spoken.append(session)

    def take_spoken(self) -> list[Session]:
        """Give the sessions spoken to since the last call."""
        session: Session
        sessions: list[Session] = self.spoken
        self.spoken = []
        for session in sessions:
            session.queued = False
        return sessions

    @cython.ccall
    def hold(self, session: Session) -> cython.void:
        """Note that a session has something to do once more is durable."""
        waits: cython.bint = (
            self.barrier > self.durable or self.batch.hard or self.is_full()
        )
        if waits and not session.held:
            session.held = True
            self.held.append(session)

    @cython.ccall
    @cython.exceptval(check=False)
    def is_full(self) -> cython.bint:
        """Tell whether so much is collecting that no more puts are taken."""
        return self.batch.events.end > MOST_COLLECTING

    def take_held(self) -> list[Session]:
        """Give the sessions that were waiting for the log."""
        session: Session
        sessions: list[Session] = self.held
        self.held = []
        for session in sessions:
            session.held = False
        return sessions

    def resume(self, seq: int, now: int) -> None:
        """Go on behind that batch, which is durable, at that time."""
        self.now = now
        self.barrier = self.durable = seq
        self.batch.clear(seq + 1)

    def swap(self, spare: Batch) -> Batch:
        """Give the collected batch away and go on collecting in the spare one."""
        full = self.batch
        if full.hard:
            self.barrier = full.seq
        spare.clear(full.seq + 1)
        self.batch = spare
        return full
