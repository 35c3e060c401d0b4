"""Histories written by hand: who asks what, what the answer is, how time goes by."""

from __future__ import annotations

import json
from pathlib import Path

from penstock.testing.checkers import Verdict, check
from penstock.testing.history import History, digest, read_history

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
START = 1_800_000_000 * SECOND

Fields = dict[str, object]
FRESH: Fields = {
    "state": "ready",
    "pri": 5,
    "delay": 0,
    "ttr": 60,
    "time-left": 0,
    "reserves": 0,
    "timeouts": 0,
    "releases": 0,
    "buries": 0,
    "kicks": 0,
    "reason": "none",
}


class Script:
    """One recorder's history. Every command and every answer takes a millisecond.

    `call` and `reply` are for commands that overlap; `say` is both. A put's body is its
    tube and a number unless it is given.
    """

    def __init__(self, folder: Path, name: str = "history") -> None:
        self.path = folder / name
        self.now = 0
        self._lines: list[dict[str, object]] = []
        self._number = 0
        self._life = 0
        self._bodies: dict[int, bytes] = {}
        self._asked: dict[int, bytes] = {}
        self.life()

    def _add(self, **line: object) -> None:
        self.now += MILLISECOND
        self._lines.append({**line, "at": self.now})

    def life(self, number: int = 0) -> None:
        """The server has ended and begins again."""
        self._life = number or self._life + 1
        wall = START + self.now + MILLISECOND
        self._add(life=self._life, wall=wall, boot="b", seed="s", address="a")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)

    def call(self, on: int, verb: str, **asked: object) -> int:
        """Ask; the body of a put is given as such."""
        self._number += 1
        body = asked.pop("body", None)
        if verb == "put":
            asked = {"tube": "t", "pri": 5, "delay": 0, "ttr": 60, **asked}
            body = f"{asked['tube']}{self._number}".encode() if body is None else body
            assert isinstance(body, bytes)
            self._asked[self._number] = body
            asked.update(size=len(body), digest=digest(body))
        elif verb.startswith("reserve"):
            asked = {"tubes": ["t"], **asked}
        self._add(call=self._number, on=on, verb=verb, **asked)
        return self._number

    def reply(self, number: int, answer: str, **told: object) -> None:
        """Answer; a body comes back as it was put unless another is given."""
        words = answer.split()
        body = told.pop("body", None)
        if words[0] == "INSERTED":
            self._bodies[int(words[1])] = self._asked[number]
        if words[0] in ("RESERVED", "FOUND"):
            body = self._bodies[int(words[1])] if body is None else body
            assert isinstance(body, bytes)
            told.update(size=len(body), digest=digest(body))
        self._add(reply=number, words=words, **told)

    def say(self, on: int, verb: str, answer: str, **asked: object) -> int:
        """Ask and be answered."""
        told = {k: asked.pop(k) for k in ("fields",) if k in asked}
        if verb != "put" and "body" in asked:
            told["body"] = asked.pop("body")
        number = self.call(on, verb, **asked)
        self.reply(number, answer, **told)
        return number

    # What is said often.

    def put(self, id: int, on: int = 1, **asked: object) -> int:
        """Put a job and be told its id."""
        return self.say(on, "put", f"INSERTED {id}", **asked)

    def reserve(self, id: int, on: int = 1, **more: object) -> int:
        """Be given a job at once."""
        return self.say(on, "reserve-with-timeout", f"RESERVED {id} 2", **more)

    def delete(self, id: int, answer: str = "DELETED", on: int = 1) -> int:
        """Delete a job."""
        return self.say(on, "delete", answer, id=id)

    def peek(self, id: int, answer: str = "", on: int = 1, **more: object) -> int:
        """Look at a job; it is found unless another answer is given."""
        return self.say(on, "peek", answer or f"FOUND {id} 2", id=id, **more)

    def stats(self, id: int, on: int = 1, **fields: object) -> int:
        """Ask for a job's statistics: a fresh one's but for these."""
        told = {"id": id, "tube": "t", **FRESH}
        told |= {name.replace("_", "-"): value for name, value in fields.items()}
        texts = {name: str(value) for name, value in told.items()}
        return self.say(on, "stats-job", "OK 100", id=id, fields=texts)

    def half(self, on: int) -> None:
        """Half-close a connection."""
        self._add(half=on)

    def end(self, on: int, by: str = "us") -> None:
        """End a connection."""
        self._add(end=on, by=by)

    def drained(self) -> None:
        """Nothing is left."""
        self._add(drained=True)

    def write(self) -> Path:
        """Put it on the disk."""
        text = "".join(json.dumps(line) + "\n" for line in self._lines)
        self.path.write_text(text)
        return self.path

    def history(self) -> History:
        """Read it as a history."""
        return read_history(self.write())

    def verdict(self) -> Verdict:
        """Judge it."""
        return check(self.history())

    def kinds(self) -> list[str]:
        """Name what is wrong."""
        return [violation.kind for violation in self.verdict().violations]
