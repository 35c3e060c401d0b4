"""What a job's life is told as: sentences for people, a document for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from penstock.cli.life import Life, Moment
from penstock.cli.output import clock, iso
from penstock.log import Stored

Watch = Callable[[int], None]  # the number of the batch that was read


LEASED = ", by a lease that outlives the server"
HELD_BY_CONNECTION = ", or until its connection closes or the server restarts"


class Story:
    """The life of one job, and from where to where the log was read for it."""

    def __init__(self, id: int, elsewhere: str | None = None) -> None:
        """`elsewhere` is the command that looks into what was cut off, if any was."""
        self.life = Life(id)
        self._elsewhere = elsewhere
        self.first: Stored | None = None
        self.last: Stored | None = None

    def read(self, batches: Iterable[Stored], watch: Watch) -> None:
        """Read the log from its oldest batch on."""
        for batch in batches:
            self.first = self.first or batch
            self.life.read(batch)
            self.last = batch
            watch(batch.seq)
        if self.last is not None:
            self.life.pass_time(self.last)

    # For people.

    def sentences(self) -> list[str]:
        """Say it in words."""
        if not self.life.moments:
            return [self._unknown()]
        lines = [f"{clock(each.wall)}  {each.text}" for each in self.life.moments]
        title = f"job {self.life.id}, times are UTC"
        return [title, *self._beginning(), *lines, self._now()]

    def _unknown(self) -> str:
        id, first, last = self.life.id, self.first, self.last
        if first is None or last is None:
            return f"job {id}: the log is empty"
        if id >= last.next_id:
            return f"job {id} was never put: the next id is {last.next_id}"
        if self._elsewhere is not None:
            return (
                f"job {id}: the log knows nothing of it, and a part of the log was cut"
                f" off; what can still be read of that: {self._elsewhere}"
            )
        if first.seq == 1:
            return f"job {id} was never there: a put that is refused takes an id too"
        since = f"batch {first.seq}, {clock(first.wall)}"
        return (
            f"job {id}: nothing is known any more. The log begins with {since}, and the"
            " job was gone by then"
        )

    def _beginning(self) -> list[str]:
        """Say what is missing at the beginning."""
        assert self.first is not None
        if self.first.seq == 1 or self.life.moments[0].kind == "put":
            return []
        since = f"batch {self.first.seq}, {clock(self.first.wall)}"
        return [
            f"The log begins with {since}: what is older was compacted away. Of what"
            " happened to this job before, only what a copy of it tells is left."
        ]

    def _now(self) -> str:
        assert self.last is not None
        life = self.life
        if life.state in ("", "gone"):
            return "It is gone." if life.state else "What became of it is not known."
        told = life.state if life.tube is None else f"{life.state} in {life.tube}"
        if life.state in ("delayed", "reserved"):
            told += f" until {clock(self.last.wall + life.due - self.last.now)}"
        if life.state == "reserved":
            told += LEASED if life.leased else HELD_BY_CONNECTION
        return f"At the end of the log, {clock(self.last.wall)}, it is {told}."

    # For machines.

    def document(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        life, first, last = self.life, self.first, self.last
        return {
            "job": life.id,
            "state": life.state or None,
            "tube": life.tube,
            "reserves": life.deliveries if life.begins != "middle" else None,
            "whole": life.begins == "put",
            "log_begins": None if first is None else _place(first),
            "log_ends": None if last is None else _place(last),
            "moments": [_moment(each) for each in life.moments],
        }


def _place(batch: Stored) -> dict[str, Any]:
    return {"batch": batch.seq, "wall": iso(batch.wall)}


def _moment(moment: Moment) -> dict[str, Any]:
    told: dict[str, Any] = {
        "wall": iso(moment.wall),
        "batch": moment.seq,
        "kind": moment.kind,
        "text": moment.text,
    }
    return told if moment.reason is None else {**told, "reason": moment.reason}
