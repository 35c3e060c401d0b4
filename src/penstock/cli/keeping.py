"""The folder in which a server keeps its jobs: which it is, whether it will do, how
fast its disk is."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock import config
from penstock.cli import volume
from penstock.config import Settings, Sync
from penstock.errors import LogError
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import LOCK

SYNCS = 5  # that are timed
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder, when it is synced, and what there is to warn of; one that
    `vanishes` is in memory, whatever is synced."""

    folder: Path
    sync: Sync
    warning: str | None
    vanishes: bool = False


def place(
    settings: Settings, environ: Mapping[str, str], *, any_file_system: bool
) -> Place | None:
    """Give the place that the settings ask for; None where jobs are kept in memory."""
    folder = config.data_folder(settings, environ, os.geteuid())
    if folder is None:
        return None
    kind = volume.kind_of(folder)
    warning = volume.judge(folder, kind, any_kind=any_file_system)
    return Place(folder, settings.sync, warning, kind in volume.MEMORY)


def own(path: Path) -> FileFolder:
    """Make the folder if it is not there, and lock it."""
    folder = FileFolder(path)
    try:
        folder.make()
        folder.lock()
    except OSError as error:
        hint = f"{error.strerror}: name another folder with --data"
        raise LogError("open", str(path), hint=hint) from None
    return folder


def time_syncs(folder: FileFolder) -> int | None:
    """Time a sync of a byte that is there already, as the log's are, in nanoseconds;
    None where there is no room for one.

    The log's own first sync would tell less: it makes a new file durable.
    """
    try:
        first = folder.read(LOCK, 0, 1) or b"\n"
        folder.write(LOCK, 0, first)
    except OSError as error:
        if error.errno in NO_SPACE:
            return None
        raise
    times = [_time(folder, first) for _ in range(SYNCS)]
    return sorted(times)[SYNCS // 2]


def _time(folder: FileFolder, content: bytes) -> int:
    began = time.perf_counter_ns()
    folder.write(LOCK, 0, content)
    return time.perf_counter_ns() - began
