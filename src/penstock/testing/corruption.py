"""Damage done to data folders, and what a start makes of it: counted.

    python -m penstock.testing.corruption [SHARE]

Every truncation of a tail, every bit of a sealed segment, and structured damage by
chance. A start may recover everything, refuse with file and offset, or cut off what was
never durable. It may not lose what was durable, alter a batch, or refuse what is only
torn. SHARE is the n-th part of the cases that is tried; without it, all.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

from penstock.log.file import NEVER
from penstock.log.file.layout import MARK, SECTOR, STORE, segment_name
from penstock.testing.damage import Damage
from penstock.testing.verdicts import (
    LOST,
    RECOVERED,
    SEGMENT,
    TORN,
    VERDICTS,
    WRONG,
    Files,
    Original,
    Writer,
    goes_on,
    judge,
    with_bytes,
)

TAIL = 16 * 1024  # bytes that are truncated everywhere
SEALED = 8 * 1024  # bytes of frames of which every bit is turned
STRUCTURED = 20_000  # cases
FRAMES = (300, 900, 1400, 300, 1900, 900, 300, 900)  # bytes of the batches in SEALED


# Series: each gives the damaged files, case after case.


def _tail(interval: int) -> Writer:
    """A segment that ends in TAIL bytes of frames; what is before them is durable."""
    writer = Writer(interval, segment=4 * TAIL)
    writer.write(300, 900, 300)
    writer.seal()
    frames = (1900, 300, 900, 4500)  # half of TAIL
    writer.write(*frames, *frames)
    return writer


def _zeroed_from(files: Files) -> Iterator[Files]:
    name = segment_name(1)
    end = len(files[name].rstrip(b"\0"))
    end += -end % SECTOR
    for at in range(end - TAIL, end + 1):
        yield {**files, name: files[name][:at].ljust(len(files[name]), b"\0")}


def torn_tails() -> tuple[Original, Iterator[Files]]:
    """Frames that no sync has covered, zeros from each byte on."""
    writer = _tail(NEVER)
    original = writer.original(durable=0)
    return original, _zeroed_from(original.files)


def sealed_tails() -> tuple[Original, Iterator[Files]]:
    """The same frames, durable and sealed."""
    writer = _tail(0)
    writer.seal()
    original = writer.original(durable=len(writer.sizes))
    return original, _zeroed_from(original.files)


def short_files() -> tuple[Original, Iterator[Files]]:
    """A segment's file that really ends at each byte of its tail."""
    writer = _tail(0)
    writer.seal()
    original = writer.original(durable=len(writer.sizes))
    name = segment_name(1)
    whole = original.files[name]
    first = len(whole) - TAIL
    ends = range(first, len(whole))
    return original, ({**original.files, name: whole[:end]} for end in ends)


def torn_growth() -> tuple[Original, Iterator[Files]]:
    """A batch larger than its segment, whose file had grown to each of these bytes."""
    writer = Writer()
    writer.write(300, 900)
    before = writer.original(durable=2).files[MARK]
    writer.write(SEGMENT + TAIL - SECTOR - 200)
    original = writer.original(durable=2)
    original.files[MARK] = before  # the machine dies before the mark tells of it
    name = segment_name(2)
    whole = original.files[name]
    ends = range(len(whole) - TAIL, len(whole) + 1)
    return original, ({**original.files, name: whole[:end]} for end in ends)


def _bits(original: Original, name: str, start: int, count: int) -> Iterator[Files]:
    content = original.files[name]
    for bit in range(8 * start, 8 * (start + count)):
        turned = bytes([content[bit // 8] ^ 1 << bit % 8])
        yield with_bytes(original.files, name, bit // 8, turned)


def _sealed() -> Original:
    """Two segments, the last one with SEALED bytes of frames."""
    writer = Writer(segment=SECTOR + SEALED)
    writer.write(900, 3000, 3000, *FRAMES)
    writer.seal()
    return writer.original(durable=len(writer.sizes))


def bits_of_frames() -> tuple[Original, Iterator[Files]]:
    """Each bit of the frames of a sealed segment."""
    original = _sealed()
    return original, _bits(original, segment_name(2), SECTOR, SEALED)


def bits_of_an_older_segment() -> tuple[Original, Iterator[Files]]:
    """Each bit of a segment that another one follows, its header included."""
    original = _sealed()
    return original, _bits(original, segment_name(1), 0, SECTOR + SEALED)


def bits_of_small_parts() -> tuple[Original, Iterator[Files]]:
    """Each bit of the last segment's header, of `mark` and of `store`."""
    original = _sealed()

    def cases() -> Iterator[Files]:
        yield from _bits(original, segment_name(2), 0, SECTOR)
        for name in (MARK, STORE):
            yield from _bits(original, name, 0, len(original.files[name]))

    return original, cases()


# Counting.

Series = Callable[[], tuple[Original, Iterator[Files]]]

SERIES: dict[str, tuple[Series, bool]] = {
    "tail torn": (torn_tails, False),
    "tail zeroed, sealed": (sealed_tails, True),
    "file cut short": (short_files, True),
    "growing file torn": (torn_growth, False),
    "bits of a sealed segment": (bits_of_frames, True),
    "bits of an older segment": (bits_of_an_older_segment, True),
    "bits of header, mark, store": (bits_of_small_parts, True),
}


def count_series(name: str, share: int = 1) -> Counter[str]:
    """Try every n-th case of a series."""
    make, may_refuse = SERIES[name]
    original, cases = make()
    return Counter(
        judge(original, files, may_refuse=may_refuse)
        for files in islice(cases, 0, None, share)
    )


def count_structured(count: int = STRUCTURED, seed: int = 1) -> dict[str, Counter[str]]:
    """Try structured damage of each kind in turn, and go on where one may."""
    damage = Damage(Random(seed))  # noqa: S311
    kinds = damage.kinds()
    counted: dict[str, Counter[str]] = {kind.__name__: Counter() for kind in kinds}
    for n in range(count):
        kind = kinds[n % len(kinds)]
        files = kind()
        verdict = judge(damage.original, files)
        if verdict in (RECOVERED, TORN) and not goes_on(damage.original, files):
            verdict = LOST
        counted[kind.__name__][verdict] += 1
    return counted


def table(share: int = 1) -> Iterator[str]:
    """Try everything; give the lines of the table as they are known."""
    yield f"{'damage':28}" + "".join(f"{each:>13}" for each in VERDICTS)
    wrong = 0
    for name in SERIES:
        counted = count_series(name, share)
        wrong += sum(counted[each] for each in WRONG)
        yield _line(name, counted)
    for name, counted in count_structured(STRUCTURED // share).items():
        wrong += sum(counted[each] for each in WRONG)
        yield _line(name.replace("_", " "), counted)
    yield f"wrong: {wrong}"


def _line(name: str, counted: Counter[str]) -> str:
    return f"{name:28}" + "".join(f"{counted[each]:>13,}" for each in VERDICTS)


def main(arguments: list[str]) -> int:
    """Print the table; fail if anything is wrong."""
    last = ""
    for last in table(int(arguments[0]) if arguments else 1):
        print(last, flush=True)  # noqa: T201
    return 0 if last == "wrong: 0" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
