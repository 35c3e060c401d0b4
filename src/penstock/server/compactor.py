"""Keeping the log small: what the oldest piece still holds is written anew, then it is
forgotten.

The log may have three times the bytes that are alive, and always MOST_IDLE. Work is
paced to what comes in: for each byte that was appended some are read or written here,
so that a piece is done long before the next is full. A log that has no room left is
compacted at full speed, as long as there is something to win.
"""

from collections.abc import Iterator

import structlog

from penstock.core.compaction import Compaction
from penstock.core.engine import Engine
from penstock.errors import FormatError, LogError
from penstock.log import Log, Stored, Usage
from penstock.server.followers import Followers

logger = structlog.get_logger("penstock.server")

MOST_IDLE = 64 * 1024 * 1024  # bytes that a log may have, however little is alive
FACTOR = 3  # bytes of log for each that is alive
LEAST_STEP = 128 * 1024  # bytes that a turn reads and writes here
MOST_STEP = 4 * 1024 * 1024  # the same, however much came in
SPARES = 3  # pieces that are prepared, or not yet full
MARGIN = 2  # pieces that the log stays below what it may have
LITTLE = 4  # a full disk is worth a round for that part of a piece
PACE = 6  # bytes for each that came in
FILLING = 8  # writes to a piece where there is no room
ASIDE = 8  # the share of live bytes that a round may be behind with
UNSEEN = 1024 * 1024  # bytes that come in between two looks at the log


class Compactor:
    """`step` is called after each batch, and again as long as it is `busy`.

    `compactions` counts the pieces that were let go of, `appended` bytes that came in.
    """

    def __init__(self, engine: Engine, log: Log) -> None:
        self.engine = engine
        self.log = log
        self.followers = Followers(engine, log)
        self.compactions = 0
        self.most_idle = MOST_IDLE
        self.least_step = LEAST_STEP
        self.unseen = UNSEEN
        self.busy = False
        self._work = Compaction(engine.store, engine.turn)
        self._batches: Iterator[Stored] = iter(())
        self._upto = 0  # the last batch of the piece that is being read
        self._piece = 0  # its number
        self._behind = False  # a batch has been begun and not done
        self._awaits = 0  # the batch that has to be durable before that piece can go
        self._resting = False
        self._seen = 0  # what the log might have at the last look
        self._used = 0  # what it had
        self._margin = 0  # bytes of a piece
        self.appended = 0  # bytes that came in since a round began
        self._hurries = False  # there was no room
        self._round = 0  # the last piece that there was when a round began
        self._left = 0  # bytes of garbage that the last whole round has left

    @property
    def carried(self) -> int:
        """Count the entities that were written anew."""
        return int(self._work.carried)

    def live(self) -> int:
        """Count the bytes that full copies of everything would take."""
        store = self.engine.store
        return int(store.index.live_bytes) + store.records.size()

    def most(self) -> int:
        """Give how many bytes the log may have."""
        return max(self.most_idle, FACTOR * self.live())

    def look(self, usage: Usage) -> None:
        """Begin with the oldest piece if the log is too large."""
        self._seen, self._used, self._margin = self.most(), usage.used, usage.piece
        self._hurries = self.lacks_room(usage)
        self._note_round(usage)
        if self.busy or self._awaits or self._resting or not usage.trimmable:
            return
        if self._is_large(usage) and self.followers.may_trim(usage, self.most()):
            self._upto = usage.trimmable
            self._piece = usage.oldest_piece
            self._batches = iter(self.log.read(usage.oldest))
            self.busy = True

    def aside(self) -> int:
        """Count the bytes to keep free of puts: a round of a full disk writes anew all
        that is alive, while others release, bury and reserve."""
        return self.live() // ASIDE

    def has_shrunk(self) -> bool:
        """Tell whether so much is gone since the last look that another is due: bytes
        that came in would not tell."""
        return self._seen - self.most() > self._margin

    def lacks_room(self, usage: Usage) -> bool:
        """Tell whether the disk is about to be full."""
        room = min(usage.room, self.engine.policy.room)
        return room <= 0 or room < SPARES * usage.piece

    def rest(self) -> None:
        """Begin nothing any more, and leave what is not done."""
        self._resting = True
        self.busy = False

    def _is_large(self, usage: Usage) -> bool:
        garbage = usage.written - self.live()
        if self.lacks_room(usage):
            # What a whole round has left is all that a round can come to.
            return garbage >= self._left + usage.piece // LITTLE
        if garbage < usage.piece:
            return False
        # Early enough: pieces come while this is done, and what is alive may shrink.
        return usage.used + MARGIN * usage.piece > self.most()

    def _note_round(self, usage: Usage) -> None:
        """Without room, note what a round comes to: once every piece that there was has
        been written anew, what is garbage and has not come since will be so again."""
        if not self._hurries:
            self._round = self._left = 0
        elif not self._round or usage.oldest_piece > self._round:
            garbage = usage.written - self.live()
            self._left = max(0, garbage - self.appended) if self._round else 0
            self._round = self.log.piece()
            self.appended = 0

    def step(self, fresh: int) -> int:
        """Do a share of the work; `fresh` bytes came in since the last time. Give how
        many were written here."""
        before = int(self.engine.turn.batch.size())
        share = min(max(self.least_step, PACE * fresh), MOST_STEP)
        if self._used + self._margin > self.most():
            share = MOST_STEP  # much has gone at once
        if self._hurries:
            # Nobody puts. What is written at once has to fill the pieces well.
            share = self._margin // FILLING
        self._take_steps(share)
        return int(self.engine.turn.batch.size()) - before

    def _take_steps(self, left: int) -> None:
        while left > 0 and self.busy:
            if not self._behind and not self._next():
                return
            size = int(self.engine.turn.batch.size())
            self._behind = True
            self._behind = not self._work.step(left)
            left -= self.least_step // 8 + int(self.engine.turn.batch.size()) - size

    def _next(self) -> bool:
        """Take the next batch of the piece; at its end, wait for what was carried."""
        try:
            stored = next(self._batches, None)
        except (LogError, FormatError, OSError) as error:
            return self._take_all(error)
        if stored is None or stored.seq > self._upto:
            self.busy = False
            self._batches = iter(())
            batch = self.engine.turn.batch
            self._awaits = batch.seq if batch.count else batch.seq - 1
            return False
        self._work.begin(stored.payload, stored.piece)
        return True

    def _take_all(self, error: Exception) -> bool:
        """The piece cannot be read again. All that it held is in memory, and is written
        anew from there, so that the damage goes with the piece."""
        logger.error(
            "a part of the log cannot be read again; what it holds is written anew",
            error=str(error),
        )
        self._batches = iter(())
        self._work.begin_all(self._piece)
        return True

    def durable(self, seq: int) -> bool:
        """Let go of a piece once everything that it held is durable elsewhere; tell
        whether that is so now."""
        if not self._awaits or seq < self._awaits:
            return False
        self._awaits = 0
        self.log.trim(self._upto)
        self.compactions += 1
        return True
