"""Going on where a beanstalkd has stopped: `-b DIR` finds the jobs of the binlog there.

They are taken over once, into DIR/penstock. The binlog stays as it was; so what is
known of its files tells later whether a beanstalkd has run there again. Its jobs would
be missing here: then no server starts before somebody has looked.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import structlog

from penstock.beanstalkd.binlog import LOCK, binlogs, opened
from penstock.beanstalkd.jobs import jobs, oldest
from penstock.cli import filling
from penstock.cli.progress import Progress
from penstock.errors import ConfigError, LogBusy
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import STORE, UNFINISHED

KNOWN = "beanstalkd-binlog.json"  # names, sizes and times of the files taken over

logger = structlog.get_logger("penstock.beanstalkd")


def data_of(folder: Path) -> Path:
    """Give the data folder of a binlog folder."""
    return folder / "penstock"


def take_over(folder: Path) -> None:
    """Fill the data folder from the binlog, if it has not been.

    Raises LogBusy where a beanstalkd uses it, ConfigError where one has used it since,
    and what reading and writing raise.
    """
    data = data_of(folder)
    there = _described(folder)
    begun = (data / STORE).exists() and not (data / UNFINISHED).exists()
    if begun and there and _known(data) != there:
        raise ConfigError(
            f"{folder}: a beanstalkd has run here since its jobs were taken over, and"
            f" what it was given is not in {data}: finish that with beanstalkd and"
            " remove its files (binlog.*), or fill another folder with `penstock"
            " import beanstalkd-binlog`"
        )
    if there and not begun:
        _fill(folder, data, there)


def _fill(folder: Path, data: Path, there: dict[str, list[int]]) -> None:
    what = "reading the binlog"
    with Progress(what, logs=True) as progress, opened(folder, progress) as found:
        for each in found.damages:
            place = f"{each.file} at offset {each.offset}"
            message = "a part of the binlog cannot be read"
            logger.error(message, place=place, reason=each.reason)
        target = FileFolder(data)
        target.make()
        target.replace(KNOWN, json.dumps(there).encode())
        since, count = oldest(found) or time.time_ns(), len(found.jobs)
        filling.fill(data, jobs(found), count, since, found.next_id)
        lost = found.lost()
        logger.info(
            "took over the binlog", jobs=count, **({"lost": lost} if lost else {})
        )


def _described(folder: Path) -> dict[str, list[int]]:
    """Give the files of a binlog with their sizes and times."""
    told = {path.name: path.stat() for path in binlogs(folder).values()}
    return {name: [each.st_size, each.st_mtime_ns] for name, each in told.items()}


def _known(data: Path) -> dict[str, list[int]] | None:
    try:
        known: dict[str, list[int]] = json.loads((data / KNOWN).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return known


def hold(folder: Path) -> int:
    """Lock the folder as beanstalkd does, so that none starts on it; give what holds
    the lock. Raises LogBusy."""
    descriptor = os.open(folder / LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise LogBusy("lock", str(folder), hint="beanstalkd uses it") from None
    return descriptor
