"""How long a tube exists: as long as a session or a job refers to it."""

import cython

from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.kinds import PAUSE


@cython.final
@cython.cclass
class Lifetime:
    """A tube's counts and its pause go with it. Dropping a paused tube is an event,
    lest a replay pauses a later tube of the same name."""

    def __init__(self, store: Store, turn: Turn) -> None:
        self.store = store
        self.turn = turn

    @cython.ccall
    def settle(self, tube: Tube) -> cython.void:
        """Drop a tube if nothing refers to it any more."""
        if tube.using or tube.watching or not self.store.index.is_unused(tube):
            return
        if self.store.index.tubes.get(tube.name) is not tube:
            return  # it is gone already, and another has its name
        if tube.pause_until:
            self.turn.batch.pause(PAUSE, tube.name, 0, 0)
            self.store.apply_pause(tube, 0, 0)
        self.store.index.drop_tube(tube)

    @cython.ccall
    def use(self, session: Session, name: bytes) -> cython.void:
        """Later puts, kicks and peeks go to that tube."""
        old: Tube = session.used
        session.used = self.store.index.tube(name)
        session.used.using += 1
        old.using -= 1
        self.settle(old)
        session.say_using(name)

    @cython.ccall
    def watch(self, session: Session, name: bytes) -> cython.void:
        """Later reserves take from that tube too."""
        tube: Tube = self.store.index.tube(name)
        if tube not in session.watched:
            session.watched.append(tube)
            tube.watching += 1
        session.say_watching(len(session.watched))

    @cython.ccall
    def ignore(self, session: Session, name: bytes) -> cython.void:
        """Later reserves do not take from that tube; one tube stays watched."""
        tube: Tube | None = self.store.index.tubes.get(name)
        if tube is not None and tube in session.watched:
            if len(session.watched) == 1:
                session.say_not_ignored()
                return
            session.watched.remove(tube)
            tube.watching -= 1
            self.settle(tube)
        session.say_watching(len(session.watched))
