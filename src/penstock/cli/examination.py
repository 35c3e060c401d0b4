"""What can be said of a data folder by reading all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from penstock.cli import folders
from penstock.cli.output import iso
from penstock.core.engine import Engine
from penstock.core.job import STATE_NAMES
from penstock.core.replay import Replay
from penstock.errors import FormatError, LogCorrupt, LogUnfinished, NewerFormat
from penstock.log import Stored
from penstock.log.file.cut import Cut, begun, kept, plan
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import segment_name, segment_number
from penstock.log.file.reading import CHECK
from penstock.log.file.scan import Scan

GOOD = "good"
TORN = "torn"
DAMAGED = "damaged"
NEWER = "newer"
UNFINISHED = "unfinished"
Watch = Callable[[int, int], None]  # batches read, and of how many
ALL = 1 << 62  # an offset behind everything


@dataclass(slots=True)
class Findings:
    """`verdict` says whether the next start will take the folder; `reason` why not,
    `file` and `offset` where the damage or the torn end begins, `cut_at` what a repair
    would have to be told."""

    folder: str
    server: str | None
    verdict: str = GOOD
    reason: str = ""
    file: str | None = None
    offset: int | None = None
    cut_at: str | None = None
    torn: int = 0
    store: str = ""
    segments: list[dict[str, Any]] = field(default_factory=list)
    spares: int = 0  # files that are there for segments to come
    first: Stored | None = None
    last: Stored | None = None
    events: int = 0
    jobs: dict[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        batches = None
        if self.first is not None and self.last is not None:
            batches = {
                "first": self.first.seq,
                "last": self.last.seq,
                "since": iso(self.first.wall),
                "until": iso(self.last.wall),
            }
        return {
            "folder": self.folder,
            "server": self.server,
            "verdict": self.verdict,
            "reason": self.reason or None,
            "file": self.file,
            "offset": self.offset,
            "cut_at": self.cut_at,
            "torn_bytes": self.torn,
            "store": self.store or None,
            "segments": self.segments,
            "spares": self.spares,
            "batches": batches,
            "events": self.events,
            "jobs": self.jobs,
            "next_id": None if self.last is None else self.last.next_id,
        }


def examine(folder: FileFolder, watch: Watch) -> Findings:
    """Read everything; while a server writes, damage is only believed once it is
    found again and again."""
    for _ in range(folders.LOOKS - 1):
        findings = _look(folder, watch)
        if findings.server is None or findings.verdict in (GOOD, TORN):
            return findings
    return _look(folder, watch)


def _look(folder: FileFolder, watch: Watch) -> Findings:
    findings = Findings(str(folder.path), folders.owner(folder))
    try:
        _read(folder, findings, watch)
    except NewerFormat as error:
        findings.verdict, findings.reason = NEWER, str(error)
    except LogUnfinished as error:
        findings.verdict, findings.reason = UNFINISHED, str(error.hint)
    except LogCorrupt as error:
        findings.verdict = DAMAGED
        findings.reason = reason(error)
        findings.file, findings.offset = error.path, error.offset
        cut = cut_for(folder, error)
        findings.cut_at = None if cut is None else f"{cut.number}:{cut.offset}"
    except FileNotFoundError as error:
        findings.verdict = DAMAGED
        findings.reason = f"{error.filename} went while it was being read"
    except FormatError as error:
        findings.verdict = DAMAGED
        behind = "" if findings.last is None else f" behind batch {findings.last.seq}"
        findings.reason = f"events{behind} cannot be read: {error}"
    return findings


def in_front(folder: FileFolder, error: LogCorrupt, first: int) -> Iterator[Stored]:
    """Give the batches from that number on that stand in front of damage, then raise
    the error that names it."""
    cut = cut_for(folder, error)
    for batch in () if cut is None else kept(folder, cut):
        if batch.seq >= first:
            yield batch
    raise error


def reason(error: LogCorrupt) -> str:
    """Say what is wrong, without the advice to look."""
    return (error.hint or str(error)).removesuffix(f"; {CHECK}")


def cut_for(folder: FileFolder, error: LogCorrupt) -> Cut | None:
    """Plan the cut behind everything that is good; None where none helps."""
    number, offset = segment_number(error.path or ""), error.offset or 0
    if number is None:
        # `mark` says how far the log goes, `store` whose it is, and nothing else does:
        # the log has to be believed.
        number, offset = max(begun(folder), default=1), ALL
    for _ in folder.names():  # damage in front of a place is one more, at the most
        try:
            return plan(folder, number, offset)
        except LogCorrupt as earlier:
            number = segment_number(earlier.path or "") or 0
            offset = earlier.offset or 0
            if not number:
                return None
    return None


def _read(folder: FileFolder, findings: Findings, watch: Watch) -> None:
    scan = Scan(folder)
    _note(scan, findings)
    engine = Engine()
    replay = Replay(engine.store)
    for batch in scan.batches():
        replay.apply(batch.payload)
        findings.first = findings.first or batch
        findings.last = batch
        findings.events = replay.events
        watch(batch.seq - findings.first.seq + 1, scan.end.seq - findings.first.seq + 1)
    if findings.last is not None:
        replay.finish(findings.last.now, engine.timers)
    for state, name in enumerate(STATE_NAMES[1:], 1):
        findings.jobs[name.decode()] = engine.index.count(state)


def _note(scan: Scan, findings: Findings) -> None:
    """Take over what a scan tells before the batches are read."""
    findings.store = scan.store.hex()
    findings.spares = len(scan.unused)
    numbers = sorted(scan.headers)
    for number, following in zip_longest(numbers, numbers[1:]):
        last = scan.end.seq if following is None else scan.headers[following].first - 1
        name = segment_name(number)
        findings.segments.append(
            {
                "file": name,
                "bytes": scan.folder.size(name),
                "first": scan.headers[number].first,
                "last": last,
            }
        )
    if scan.torn is not None:
        findings.verdict = TORN
        findings.file = segment_name(scan.torn.number)
        findings.offset, findings.torn = scan.torn.offset, scan.torn.count
