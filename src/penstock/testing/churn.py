"""Holds the log's bound against churn: put, reserve, release, bury, kick and delete,
for as long as is asked.

    python -m penstock.testing.churn --seconds 3600

A server on a folder of its own is kept busy with commands sent in rows. Phases differ
in how much should be alive, how large bodies are, and what becomes of a job that was
reserved; some jobs of low priority stay for long. About once a second the room that the
folder's files take is held against what the log may have: 64 MiB, or three times the
bytes that are alive or were so at the look before. The last line says how near it came.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from penstock.server.compactor import FACTOR, MOST_IDLE
from penstock.testing.conversation import connect, split_reply, statistics
from penstock.testing.data_server import DataServer, penstock

ROW = 100  # commands that are sent at once
MEBIBYTE = 1024 * 1024
ALIVE = (0, 1, 8, 16, 24, 40, 64, 128)  # MiB that a phase aims at
BODIES = (10, 200, 1000, 1000, 5000, 40_000)  # bytes, the largest of a phase
PRIS = (0, 1024, 1024, 1024, 1 << 31)
FATES = ("delete", "release", "bury")
LONGEST_PHASE = 60.0  # seconds
LOOK = 1.0  # seconds between two looks
ONCE_A = 10  # looks between two lines


@dataclass(frozen=True, slots=True)
class Phase:
    """What is aimed at until `until`: so many bytes alive, bodies up to `body`, and how
    often a job that was reserved meets each of the fates."""

    alive: int
    body: int
    fates: tuple[int, int, int]
    until: float

    @classmethod
    def of(cls, chance: Random, now: float) -> Phase:
        """Draw one."""
        releases = chance.choice((0, 1, 5, 50))
        return cls(
            alive=chance.choice(ALIVE) * MEBIBYTE,
            body=chance.choice(BODIES),
            fates=(10, releases, chance.choice((0, 0, 1))),
            until=now + chance.uniform(1.0, LONGEST_PHASE),
        )


@dataclass(frozen=True, slots=True)
class Look:
    """What the folder's files take, what is alive, and what the files may take."""

    used: int
    alive: int

    @property
    def most(self) -> int:
        """Give the bound."""
        return max(MOST_IDLE, FACTOR * self.alive)

    @property
    def share(self) -> float:
        """Give how much of the bound is used."""
        return self.used / self.most


def allocated(folder: Path) -> int:
    """Count the bytes that a folder's files take on the disk."""
    return sum(each.stat().st_blocks * 512 for each in _files(folder))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.is_file())


class Churn:
    """A client that says many things at once. `counts` has its verbs, `worst` the look
    that came nearest to the bound."""

    def __init__(self, address: str, folder: Path, chance: Random) -> None:
        self.counts: Counter[str] = Counter()
        self.looks: list[Look] = []
        self._folder = folder
        self._chance = chance
        self._received = bytearray()
        self._socket = connect(address)
        self._noise = chance.randbytes(2 * max(BODIES))
        self._alive = 0
        self._looked = 0  # bytes that were alive at the last look

    def close(self) -> None:
        """Go."""
        self._socket.close()

    @property
    def worst(self) -> Look:
        """Give the look that came nearest to the bound."""
        return max(self.looks, key=lambda look: look.share)

    # Asking.

    def _ask(self, commands: list[bytes]) -> Iterator[tuple[list[bytes], bytes]]:
        """Say several things; give the replies, words and content."""
        self._socket.sendall(b"".join(commands))
        for command in commands:
            self.counts[command.split(None, 1)[0].decode()] += 1
            while (reply := split_reply(self._received)) is None:
                piece = self._socket.recv(MEBIBYTE)
                if not piece:
                    raise ConnectionError("the server has gone")
                self._received += piece
            words, content, length = reply
            del self._received[:length]
            yield words, content

    def _put(self, phase: Phase) -> bytes:
        size = self._chance.randint(0, phase.body)
        start = self._chance.randint(0, len(self._noise) - size)
        body = self._noise[start : start + size]
        pri, delay = self._chance.choice(PRIS), self._chance.choice((0, 0, 0, 1))
        return b"put %d %d 600 %d\r\n%b\r\n" % (pri, delay, size, body)

    def _end(self, phase: Phase, id: bytes) -> bytes:
        (fate,) = self._chance.choices(FATES, phase.fates)
        pri = self._chance.choice(PRIS)
        if fate == "release":
            return b"release %b %d %d\r\n" % (id, pri, self._chance.choice((0, 0, 1)))
        if fate == "bury":
            return b"bury %b %d\r\n" % (id, pri)
        return b"delete %b\r\n" % id

    def turn(self, phase: Phase) -> None:
        """Put a row or take one, whichever leads to what the phase aims at."""
        if self._alive < phase.alive:
            count = min(ROW, MEBIBYTE // phase.body)
            row = [self._put(phase) for _ in range(count)]
            done = [words for words, _content in self._ask(row)]
            assert all(words[0] == b"INSERTED" for words in done), done[:3]
            self._alive += sum(map(len, row))
        replies = self._ask([b"reserve-with-timeout 0\r\n"] * (ROW // 2))
        held = [
            (words[1], content) for words, content in replies if words[0] == b"RESERVED"
        ]
        ends = [self._end(phase, id) for id, _body in held]
        for (words, _content), (_id, body) in zip(self._ask(ends), held, strict=True):
            if words == [b"DELETED"]:
                self._alive -= len(body)
        if not held:
            list(self._ask([b"kick 1000\r\n"]))

    def look(self) -> Look:
        """See what the files take and what is alive now."""
        ((_words, content),) = self._ask([b"stats\r\n"])
        before, self._looked = self._looked, int(statistics(content)["log-live-bytes"])
        self._alive = self._looked
        self.looks.append(Look(allocated(self._folder), max(before, self._looked)))
        return self.looks[-1]

    def run(self, seconds: float, say: Callable[[str], None]) -> None:
        """Go on for so long, and say how it goes."""
        began = time.monotonic()
        looked, phase = began, Phase.of(self._chance, began)
        while (now := time.monotonic()) < began + seconds:
            if now > phase.until:
                phase = Phase.of(self._chance, now)
            self.turn(phase)
            if now > looked + LOOK:
                looked = now
                self.look()
                if len(self.looks) % ONCE_A == 0:
                    say(f"{now - began:.0f} s of {seconds:.0f}: {self.summary()}")
        self.look()

    def summary(self) -> str:
        """Tell how near it came, and what was done."""
        worst, over = self.worst, sum(look.share > 1 for look in self.looks)
        done = ", ".join(f"{n:,} {verb}" for verb, n in sorted(self.counts.items()))
        return (
            f"{over} of {len(self.looks)} looks over the bound; at most "
            f"{worst.share:.2f} of it: {worst.used / MEBIBYTE:.0f} MiB with "
            f"{worst.alive / MEBIBYTE:.0f} MiB alive; {done}"
        )


def run(seconds: float, seed: int, say: Callable[[str], None]) -> Churn:
    """Churn a server of its own."""
    with tempfile.TemporaryDirectory(prefix="penstock-churn-") as name:
        folder = Path(name)
        server = DataServer(penstock, folder / "data", folder, "server")
        try:
            if not server.wait_serving():
                raise ConnectionError(server.said())
            churn = Churn(server.address, folder / "data", Random(seed))  # noqa: S311
            try:
                churn.run(seconds, say)
            finally:
                churn.close()
            server.stop()
        finally:
            server.kill()
            server.wait()
    return churn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="penstock.testing.churn")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Churn, and tell."""
    arguments = _arguments()
    churn = run(arguments.seconds, arguments.seed, _say)
    _say(f"{arguments.seconds:,} seconds: {churn.summary()}")
    return 1 if churn.worst.share > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
