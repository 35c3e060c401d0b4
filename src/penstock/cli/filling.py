"""Filling the data folder of a server that does not run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from penstock.cli import folders, keeping, volume
from penstock.cli.progress import Progress
from penstock.clock import SystemClock
from penstock.errors import LogError
from penstock.log.file import unfinished
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.server.intake import Intake, Job


def fill(path: Path, jobs: Iterable[Job], count: int, since: int, next_id: int) -> None:
    """Write so many jobs, the oldest created at that time of the wall clock, to a
    folder that has had none: all of them, or a folder that no server takes.

    Raises FlagError where the folder has had jobs, LogBusy where a server uses it, and
    what the log raises.
    """
    volume.judge(path, volume.kind_of(path), any_kind=False)
    with folders.named(path), Progress("writing") as progress:
        folder = keeping.own(path)
        unfinished.sweep(folder)
        log = FileLog(folder, Disk(path, 0))
        try:
            intake = Intake(log, SystemClock(), since)
            unfinished.begin(folder)
            for done, job in enumerate(jobs):
                intake.add(job)
                progress(done, count)
            intake.finish(next_id)
            unfinished.end(folder)
        except OSError as error:
            hint = f"{error.strerror}: do it again once that is put right"
            raise LogError("fill", str(path), hint=hint) from None
        finally:
            log.close()
