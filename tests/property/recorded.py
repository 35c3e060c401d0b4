"""Conversations whose batches are kept, replayed, and restarted from."""

from penstock.core.counters import Counters
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.replay import Replay
from penstock.core.store import Store
from penstock.core.timers import Timers
from penstock.core.turn import Turn
from penstock.core.wire.verbs import Verbs
from tests.conformance.glued import ALWAYS, GluedConversation


def replay(payloads: list[bytes], now: int) -> Store:
    """A new store, after these batches and the time that passed."""
    store = Store()
    refill(store, payloads, now)
    return store


def refill(store: Store, payloads: list[bytes], now: int) -> None:
    """Replay batches into a store that is new."""
    events = Replay(store)
    for payload in payloads:
        events.apply(payload)
    events.finish(now, Timers(store, Turn(), Counters()))


def image(store: Store) -> bytes:
    """All that is durable, as bytes."""
    return Images(store).snapshot()


def boot() -> bytes:
    """The first batch after a restart."""
    batch = Batch()
    batch.boot(True, 0, b"")
    return batch.payload()


def restarted(payloads: list[bytes], old: Engine) -> Engine:
    """An engine that goes on where those batches ended, at the same moment."""
    engine = Engine()
    engine.turn.durable = ALWAYS
    engine.turn.now = old.turn.now
    refill(engine.store, [*payloads, boot()], old.turn.now)
    engine.store.next_id = old.store.next_id
    engine.policy.max_job_size = old.policy.max_job_size
    return engine


class RecordedConversation(GluedConversation):
    """Keeps the batches that the others throw away."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self.payloads: list[bytes] = []

    def run(self) -> None:
        while self.feed_all() or self.end_one():
            self.commit()
        self.engine.turn.take_spoken()
        for wire in self.lines.values():
            wire.collect()

    def commit(self) -> None:
        """End the batch that collects."""
        full = self.engine.turn.swap(Batch())
        if full.count:
            self.payloads.append(full.payload())

    def restart(self) -> None:
        """Go on with an engine that knows only what an image tells."""
        old = self.engine
        self.payloads = [image(old.store), boot()]
        self.engine = restarted([self.payloads[0]], old)
        self.engine.views.surroundings = self.surroundings
        self.verbs = Verbs(self.engine)
        self.lines.clear()

    def recorded(self) -> list[bytes]:
        """Every batch so far; what was staged is the last."""
        self.commit()
        return self.payloads
