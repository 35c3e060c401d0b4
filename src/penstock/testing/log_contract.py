"""The contract of a log, as one function that every log can be put through.

    await exercise_log(lambda: partial(FileLog, new_folder()))

The argument makes an empty place each time it is called and gives what opens the log
there, anew each time, as a restarted server would. The contract needs a running loop,
because a log tells of durable batches in the loop's thread.
"""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from penstock.errors import LogError
from penstock.log import Log, Stored

LONGEST_WAIT = 10.0  # seconds for one batch to become durable
LARGE = 3 * 1024 * 1024  # bytes: more than any buffer on the way
MIDDLING = 20 * 1024  # bytes: a small piece of a log holds a few of these

MakeLog = Callable[[], Log]


@dataclass
class SampleBatch:
    """A batch of bytes that mean nothing to the log."""

    seq: int
    content: bytes
    now: int = 0
    wall: int = 0
    next_id: int = 1
    count: int = 1

    def payload(self) -> bytes:
        """Give the bytes."""
        return self.content


def sample(seq: int, size: int = 20) -> SampleBatch:
    """Make a batch that is told from every other by its number."""
    content = (b"batch %d " % seq * (size // 8 + 1))[:size]
    return SampleBatch(seq, content, seq * 1000, seq * 2000, seq * 3, seq % 7 + 1)


def is_same(stored: Stored, batch: SampleBatch) -> bool:
    """Tell whether what came back is what went in."""
    came = (stored.seq, stored.now, stored.wall, stored.next_id, stored.count)
    went = (batch.seq, batch.now, batch.wall, batch.next_id, batch.count)
    return came == went and stored.payload == batch.content


class Writer:
    """Appends to a log as the broker does, and keeps what the log told."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.told: list[int] = []
        self.errors: list[Exception] = []
        self.recovered: list[Stored] = []
        log.start(self._durable, self._failed)
        log.recover(self.recovered.append)

    def _durable(self, seq: int) -> None:
        assert self.told[-1:] != [seq], f"batch {seq} is told twice"
        self.told.append(seq)

    def _failed(self, error: Exception) -> None:
        self.errors.append(error)

    def _is_told(self, seq: int) -> bool:
        return bool(self.errors) or self.told[-1:] == [seq]

    async def write(self, batch: SampleBatch) -> None:
        """Append a batch and wait until it is durable."""
        self.log.append(batch)
        if self.log.instant:
            assert self._is_told(batch.seq), "instant, and yet not told at once"
        if self.log.fileno() < 0:
            self.log.finish()
        else:
            async with asyncio.timeout(LONGEST_WAIT):
                while not self._is_told(batch.seq):
                    await _readable(self.log.fileno())
                    self.log.settle()
        assert not self.errors, self.errors
        assert self.told[-1:] == [batch.seq], f"{batch.seq} is not told"

    async def write_samples(
        self, first: int, last: int, size: int = 20
    ) -> list[SampleBatch]:
        """Append the samples of those numbers, one after the other."""
        batches = [sample(seq, size) for seq in range(first, last + 1)]
        for batch in batches:
            await self.write(batch)
        return batches


async def _readable(fileno: int) -> None:
    """Wait, as the broker's loop does, until the log has something to tell."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fileno, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fileno)


def assert_same(stored: list[Stored], batches: list[SampleBatch]) -> None:
    """What came back is what went in, in order."""
    assert [s.seq for s in stored] == [b.seq for b in batches]
    assert all(map(is_same, stored, batches))


async def an_empty_log_has_nothing(make_log: MakeLog) -> None:
    """A new log recovers, reads and uses nothing that could be mistaken for a batch."""
    writer = Writer(make_log())
    assert writer.recovered == []
    assert list(writer.log.read(1)) == []
    usage = writer.log.usage()
    assert usage.durable == 0
    assert usage.oldest <= 1
    assert usage.room > 0
    writer.log.close()


async def batches_come_back_in_order(make_log: MakeLog) -> None:
    """Every number, moment and byte comes back as it was."""
    writer = Writer(make_log())
    batches = await writer.write_samples(1, 20)
    assert writer.told == list(range(1, 21))
    assert_same(list(writer.log.read(1)), batches)
    assert_same(list(writer.log.read(15)), batches[14:])
    assert list(writer.log.read(21)) == []
    assert writer.log.usage().durable == 20
    writer.log.close()


async def any_size_comes_back(make_log: MakeLog) -> None:
    """Batches of nothing, of one byte, around block sizes and large ones."""
    writer = Writer(make_log())
    sizes = [0, 1, 511, 512, 513, 4095, 4096, 4097, LARGE]
    batches = [sample(seq, size) for seq, size in enumerate(sizes, 1)]
    for batch in batches:
        await writer.write(batch)
    assert_same(list(writer.log.read(1)), batches)
    writer.log.close()


async def bytes_are_taken_at_once(make_log: MakeLog) -> None:
    """The broker uses its batch again as soon as it is durable."""
    writer = Writer(make_log())
    batch = sample(1)
    await writer.write(batch)
    batch.content = b"something else"
    assert_same(list(writer.log.read(1)), [sample(1)])
    writer.log.close()


async def a_number_out_of_line_is_refused(make_log: MakeLog) -> None:
    """Neither a gap nor a repetition gets in."""
    writer = Writer(make_log())
    batches = await writer.write_samples(1, 3)
    for seq in (3, 5):
        assert _refuses(writer.log, seq, AssertionError), f"took {seq} after 3"
    assert_same(list(writer.log.read(1)), batches)
    writer.log.close()


def _refuses(log: Log, seq: int, reason: type[Exception]) -> bool:
    try:
        log.append(sample(seq))
    except reason:
        return True
    return False


async def recovery_can_be_repeated(make_log: MakeLog) -> None:
    """Recovering changes nothing: twice gives the same twice."""
    writer = Writer(make_log())
    batches = await writer.write_samples(1, 5)
    for _ in range(2):
        found: list[Stored] = []
        writer.log.recover(found.append)
        assert_same(found, batches)
    writer.log.close()


async def trimming_takes_the_oldest(make_log: MakeLog) -> None:
    """What is trimmed may stay a while, what is not must stay."""
    writer = Writer(make_log())
    batches = await writer.write_samples(1, 10)
    writer.log.trim(6)
    left = list(writer.log.read(1))
    assert_same(left, batches[10 - len(left) :])
    assert_same(left[-4:], batches[6:])
    assert writer.log.usage().oldest == left[0].seq
    assert writer.log.usage().durable == 10
    writer.log.trim(6)
    assert_same(list(writer.log.read(7)), batches[6:])
    more = await writer.write_samples(11, 12)
    assert_same(list(writer.log.read(11)), more)
    writer.log.close()


async def usage_grows_with_what_is_kept(make_log: MakeLog) -> None:
    """An operator sees bytes go in."""
    writer = Writer(make_log())
    await writer.write(sample(1, LARGE))
    assert writer.log.usage().used >= LARGE
    writer.log.close()


async def sealing_changes_nothing(make_log: MakeLog) -> None:
    """A seal may come at any time, and more batches after it."""
    writer = Writer(make_log())
    writer.log.seal()
    batches = await writer.write_samples(1, 2)
    writer.log.seal()
    writer.log.seal()
    batches += await writer.write_samples(3, 4)
    assert_same(list(writer.log.read(1)), batches)
    writer.log.close()


async def finishing_waits_for_the_disk(make_log: MakeLog) -> None:
    """Where no loop runs, `finish` blocks until what was appended is durable."""
    writer = Writer(make_log())
    batches = [sample(seq) for seq in range(1, 6)]
    for batch in batches:
        writer.log.append(batch)
        writer.log.finish()
        assert writer.told[-1:] == [batch.seq]
    writer.log.finish()
    writer.log.settle()
    assert writer.told == [1, 2, 3, 4, 5]
    assert_same(list(writer.log.read(1)), batches)
    writer.log.close()


async def pieces_are_numbered_upwards(make_log: MakeLog) -> None:
    """The number that is told before a batch goes is never behind where it stands."""
    writer = Writer(make_log())
    told = []
    for seq in range(1, 13):
        told.append(writer.log.piece())
        await writer.write(sample(seq, MIDDLING))
    stand = [stored.piece for stored in writer.log.read(1)]
    assert told == sorted(told)
    assert stand == sorted(stand)
    assert all(map(operator.le, told, stand)), (told, stand)
    writer.log.close()


async def the_oldest_piece_can_be_trimmed(make_log: MakeLog) -> None:
    """Where there are pieces, the oldest goes as a whole; one always stays."""
    writer = Writer(make_log())
    batches = await writer.write_samples(1, 12, MIDDLING)
    while upto := writer.log.usage().trimmable:
        assert writer.log.usage().oldest <= upto < len(batches)
        writer.log.trim(upto)
        assert writer.log.usage().oldest == upto + 1
        assert_same(list(writer.log.read(1)), batches[upto:])
        batches += await writer.write_samples(len(batches) + 1, len(batches) + 1)
    writer.log.close()


async def nothing_is_taken_after_closing(make_log: MakeLog) -> None:
    """A closed log refuses; closing twice is closing."""
    writer = Writer(make_log())
    await writer.write_samples(1, 2)
    writer.log.close()
    writer.log.close()
    assert _refuses(writer.log, 3, LogError)
    assert writer.told == [1, 2]


async def durable_batches_survive(make_log: MakeLog) -> None:
    """A server that starts again finds every batch, and goes on behind the last."""
    first = Writer(make_log())
    batches = await first.write_samples(1, 5)
    first.log.close()
    second = Writer(make_log())
    assert_same(second.recovered, batches)
    assert second.log.usage().durable == 5
    batches += await second.write_samples(6, 7)
    second.log.close()
    third = Writer(make_log())
    assert_same(third.recovered, batches)
    third.log.close()


async def trimmed_stays_trimmed(make_log: MakeLog) -> None:
    """What the log no longer tells it does not tell after a start either."""
    first = Writer(make_log())
    batches = await first.write_samples(1, 10)
    first.log.trim(6)
    left = list(first.log.read(1))
    first.log.close()
    second = Writer(make_log())
    assert [s.seq for s in second.recovered] == [s.seq for s in left]
    assert_same(second.recovered[-4:], batches[6:])
    second.log.close()


Concern = Callable[[MakeLog], Awaitable[None]]

EVERY_LOG: tuple[Concern, ...] = (
    an_empty_log_has_nothing,
    batches_come_back_in_order,
    any_size_comes_back,
    bytes_are_taken_at_once,
    a_number_out_of_line_is_refused,
    recovery_can_be_repeated,
    trimming_takes_the_oldest,
    usage_grows_with_what_is_kept,
    sealing_changes_nothing,
    finishing_waits_for_the_disk,
    pieces_are_numbered_upwards,
    the_oldest_piece_can_be_trimmed,
    nothing_is_taken_after_closing,
)
LOGS_THAT_OUTLIVE_THE_PROCESS: tuple[Concern, ...] = (
    durable_batches_survive,
    trimmed_stays_trimmed,
)


async def exercise_log(
    place: Callable[[], MakeLog], *, outlives_the_process: bool = True
) -> None:
    """Put a log through the whole contract.

    `place` makes an empty place for a log, such as a folder, and gives a function that
    opens the log there, each time anew.
    """
    for concern in EVERY_LOG:
        await concern(place())
    if outlives_the_process:
        for concern in LOGS_THAT_OUTLIVE_THE_PROCESS:
            await concern(place())
