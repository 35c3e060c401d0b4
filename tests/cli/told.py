"""A log that an engine wrote, with times that can be read: engine time 0 is noon."""

from __future__ import annotations

from penstock.core.images import Images
from penstock.log import Stored
from tests.core.story import SECOND, Client, Story

NOON = 1_796_126_400 * SECOND  # 2026-12-01 12:00:00 UTC


class Told:
    """An engine whose turns become batches; a client that speaks to it."""

    def __init__(self) -> None:
        self.story = Story()
        self.client = self.story.client()
        self.batches: list[Stored] = []

    @property
    def engine(self):
        return self.story.engine

    def other(self, *watched: bytes) -> Client:
        """Give another client."""
        return self.story.client(*watched)

    def turn(self, seconds: float = 0) -> None:
        """End a turn, and let time pass after it."""
        batch = self.engine.turn.batch
        if batch.count:
            self.add(batch.payload(), batch.count)
            batch.clear(batch.seq + 1)
        if seconds:
            self.story.advance(seconds)

    def add(self, payload: bytes, count: int = 1) -> None:
        """Note a batch that begins or follows."""
        now = self.story.now
        seq = self.batches[-1].seq + 1 if self.batches else 1
        next_id = self.engine.store.next_id
        self.batches.append(Stored(1, seq, now, NOON + now, next_id, count, payload))

    def restart(self, downtime: float, *, clean: bool = True) -> None:
        """Let the server end, and start again later."""
        self.turn(downtime)
        self.engine.turn.batch.boot(clean, round(downtime * SECOND), b"0.3.0")
        self.engine.store.apply_boot()
        self.turn()

    def compact(self) -> None:
        """Copy everything that is there, and forget all batches before the copy."""
        self.turn()
        self.add(Images(self.engine.store).snapshot())
        del self.batches[:-1]
