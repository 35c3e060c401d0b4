"""Data folders written by the real log, and damage done to them by hand."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.log import Stored
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import SECTOR

SEGMENT = 64 * 1024  # bytes


@dataclass(slots=True)
class Given:
    """A batch as a log is given it."""

    seq: int
    now: int
    wall: int
    next_id: int
    count: int
    content: bytes

    def payload(self) -> bytes:
        return self.content


def write(path: Path, batches: Iterable[Stored], *, sealed: bool = True) -> Path:
    """Keep batches in a folder, and leave it as a server does that ended, or was
    killed."""
    # Imported here: the disk has no plain form.
    from penstock.log.file.disk import Disk  # noqa: PLC0415
    from penstock.log.file.file_log import FileLog  # noqa: PLC0415

    folder = FileFolder(path)
    folder.make()
    log = FileLog(folder, Disk(path), SEGMENT)
    log.recover(lambda stored: None)
    for each in batches:
        rest = (each.now, each.wall, each.next_id, each.count, each.payload)
        log.append(Given(each.seq, *rest))
        log.finish()
    if sealed:
        log.seal()
        log.finish()
        log.close()
    else:
        log.disk.close()
        folder.close()
    return path


def segments(path: Path) -> list[Path]:
    """Give the files that were begun, in order."""
    files = sorted(path.glob("*.log"))
    return [file for file in files if file.read_bytes()[:SECTOR].strip(b"\0")]


def end(segment: Path) -> int:
    """Give the sector behind the last that was written."""
    return -(-len(segment.read_bytes().rstrip(b"\0")) // SECTOR) * SECTOR


def flip(file: Path, offset: int) -> None:
    """Turn one bit."""
    with file.open("r+b") as opened:
        byte = os.pread(opened.fileno(), 1, offset)[0]
        os.pwrite(opened.fileno(), bytes([byte ^ 1]), offset)


def scribble(file: Path, offset: int, content: bytes) -> None:
    """Write what no server wrote."""
    with file.open("r+b") as opened:
        os.pwrite(opened.fileno(), content, offset)


def image(path: Path) -> dict[str, bytes]:
    """Give every file with its bytes."""
    files = (each for each in path.rglob("*") if each.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}
