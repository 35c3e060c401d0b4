"""Bytes that were cut off, each in a file of its own, for people to look at."""

import itertools

from penstock.log.file import Folder
from penstock.log.file.layout import QUARANTINE


def keep(folder: Folder, number: int, offset: int, content: bytes) -> None:
    """Put aside what stood at an offset of a segment. What is there already stays: the
    same place may be cut more than once."""
    name = free_name(folder, number, offset, content)
    if name is not None:
        folder.replace(name, content)


def free_name(folder: Folder, number: int, offset: int, content: bytes) -> str | None:
    """Give the name under which to keep it; None where it is kept already."""
    present = folder.kept()
    for again in itertools.count(1):
        count = "" if again == 1 else f"-{again}"
        name = f"{QUARANTINE}{number:010}-{offset}{count}.cut"
        if name not in present:
            return name
        if folder.read(name, 0, len(content) + 1) == content:
            break
    return None


def segment_of(name: str) -> int:
    """Give the number of the segment that something in the quarantine comes from."""
    return int(name.removeprefix(QUARANTINE).partition("-")[0])
