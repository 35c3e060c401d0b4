"""How long a tube exists: as long as a session or a job refers to it."""

import cython

from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn

if not cython.compiled:
    from penstock.core.events import PAUSE


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
        if tube.pause_until:
            self.turn.batch.pause(PAUSE, tube.name, 0, 0)
            self.store.apply_pause(tube, 0, 0)
        self.store.index.drop_tube(tube)
