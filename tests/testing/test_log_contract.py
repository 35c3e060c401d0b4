"""The contract finds the faults that it is there to find."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from penstock.errors import LogError
from penstock.log.memory import MemoryLog
from penstock.testing.log_contract import Writer, exercise_log, sample


class LosesOne(MemoryLog):
    def read(self, from_seq):
        return (stored for stored in super().read(from_seq) if stored.seq != 2)


class TurnsRound(MemoryLog):
    def read(self, from_seq):
        return reversed(list(super().read(from_seq)))


class NeverTells(MemoryLog):
    def start(self, durable, failed):
        super().start(lambda seq: None, failed)


class TellsTwice(MemoryLog):
    def start(self, durable, failed):
        def tell_twice(seq):
            durable(seq)
            durable(seq)

        super().start(tell_twice, failed)


class TakesAnything(MemoryLog):
    def append(self, batch):
        self._last = batch.seq - 1
        super().append(batch)


class StaysOpen(MemoryLog):
    def close(self):
        self.read(1)


class KeepsNothing(MemoryLog):
    def append(self, batch):
        self.forgets = True
        super().append(batch)


class TrimsTooMuch(MemoryLog):
    def trim(self, upto_seq):
        super().trim(upto_seq + 1)


class SaysItIsEmpty(MemoryLog):
    def usage(self):
        usage = super().usage()
        return type(usage)(0, usage.room, usage.oldest, usage.durable)


class NamesAPieceTooSoon(MemoryLog):
    def piece(self):
        return 1


class KeepsWhatItIsToTrim(MemoryLog):
    def usage(self):
        usage = super().usage()
        return replace(usage, trimmable=max(0, usage.durable - 1))

    def trim(self, upto_seq):
        if upto_seq != 11:
            super().trim(upto_seq)


@pytest.mark.parametrize(
    "faulty",
    [
        LosesOne,
        TurnsRound,
        NeverTells,
        TellsTwice,
        TakesAnything,
        StaysOpen,
        KeepsNothing,
        TrimsTooMuch,
        SaysItIsEmpty,
        NamesAPieceTooSoon,
        KeepsWhatItIsToTrim,
    ],
)
def test_a_faulty_log_does_not_pass(faulty):
    with pytest.raises(AssertionError):
        asyncio.run(
            exercise_log(
                lambda: partial(faulty, retain=True), outlives_the_process=False
            )
        )


def test_a_log_that_forgets_does_not_pass_for_one_that_outlives_the_process():
    with pytest.raises(AssertionError):
        asyncio.run(exercise_log(lambda: partial(MemoryLog, retain=True)))


class Breaks(MemoryLog):
    """Takes one batch; the second one fails."""

    instant = False

    def start(self, durable, failed):
        super().start(durable, failed)
        self._tell = failed

    def append(self, batch):
        if batch.seq > 1:
            self._tell(LogError("sync"))
        else:
            super().append(batch)


def test_a_failure_is_not_taken_for_an_arrival():
    async def write_two():
        writer = Writer(Breaks(retain=True))
        await writer.write(sample(1))
        with pytest.raises(AssertionError, match="sync"):
            await writer.write(sample(2))

    asyncio.run(write_two())
