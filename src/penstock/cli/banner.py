"""What is said when the server serves: where, what is kept, and what may be lost."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import structlog

import penstock
from penstock.cli.keeping import Place
from penstock.cli.output import counted
from penstock.log.file import NEVER
from penstock.log.file.scan import Torn
from penstock.server.address import Address, TcpAddress
from penstock.server.recovery import Recovered

KEPT_IN_MEMORY = "jobs are kept in memory: they are gone when the server stops"
FIRST_JOB = r"printf 'put 0 0 60 5\r\nhello\r\nquit\r\n'"
SECOND = 1_000_000_000
MILLISECOND = 1_000_000
BESIDE = 50_000  # nanoseconds that a put and its reply take beside the sync, about

logger = structlog.get_logger("penstock.server")


@dataclass(frozen=True, slots=True)
class Kept:
    """How a data folder was found, and how many nanoseconds a sync takes there; None
    where no reply waits for one."""

    place: Place
    recovered: Recovered
    torn: Torn | None
    took: int | None

    def found(self) -> str:
        """Say what was there."""
        if not self.recovered.batches:
            return "new, empty"
        jobs = f"recovered {counted(self.recovered.jobs, 'job')}"
        return jobs if self.recovered.clean else f"{jobs} after a crash"

    def loss(self) -> str:
        """Say what a crash may lose."""
        if self.place.vanishes:
            return "a crash of the server loses nothing, the end of the machine all"
        if self.place.sync.interval == 0:
            return "nothing that was acknowledged is lost, not by a power cut either"
        lost = "a power cut may lose what the kernel had not written yet"
        if self.place.sync.interval != NEVER:
            window = self.place.sync.interval // MILLISECOND
            lost = f"a power cut may lose the last {window} ms"
        return f"{lost}; a crash of the server loses nothing"

    def cut(self) -> str:
        """Say what was cut off; empty where nothing was."""
        if self.torn is None:
            return ""
        size = counted(self.torn.count, "byte")
        place = f"quarantine/{self.torn.number:010}-{self.torn.offset}.cut"
        return f"{size} that were being written at the crash are kept in {place}"


def announce(addresses: list[Address], log_format: str, kept: Kept | None) -> None:
    """Say that clients are served."""
    if log_format == "json":
        _log(addresses, kept)
        return
    # Who starts us may have closed our stderr: that is no reason not to serve.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print("\n".join(lines(addresses, kept)), file=sys.stderr, flush=True)


# For machines.


def _log(addresses: list[Address], kept: Kept | None) -> None:
    if kept is not None and kept.torn is not None:
        logger.warning("the end of the log was torn", note=kept.cut())
    if kept is not None and kept.place.warning is not None:
        logger.warning(kept.place.warning, data=str(kept.place.folder))
    logger.info(
        "serving",
        version=penstock.__version__,
        pid=os.getpid(),
        beanstalk=[str(address) for address in addresses],
        **_memory() if kept is None else _file(kept),
    )


def _memory() -> dict[str, Any]:
    return {"mode": "memory", "note": KEPT_IN_MEMORY}


def _file(kept: Kept) -> dict[str, Any]:
    told: dict[str, Any] = {
        "mode": kept.place.sync.text,
        "data": str(kept.place.folder),
        "new": not kept.recovered.batches,
        "jobs": kept.recovered.jobs,
        "clean": kept.recovered.clean,
        "note": kept.loss(),
    }
    if kept.took is not None:
        told["sync_us"] = kept.took // 1000
    return told


# For people.


def lines(addresses: list[Address], kept: Kept | None) -> list[str]:
    """Give the lines that a person reads first."""
    return [
        f"Penstock {penstock.__version__}, pid {os.getpid()}",
        *(f"  beanstalk  {address}" for address in addresses),
        *([f"  {KEPT_IN_MEMORY}"] if kept is None else _about(kept)),
        f"  try it     {first_job(addresses[0])}",
    ]


def _about(kept: Kept) -> list[str]:
    told = [f"  data       {kept.place.folder} ({kept.found()})"]
    if kept.torn is not None:
        told.append(f"             {kept.cut()}")
    if kept.place.warning is not None:
        told.append(f"             careful: {kept.place.warning}")
    told.append(f"  sync       {kept.place.sync.text}: {kept.loss()}")
    if kept.took is not None:
        told.append(f"             {speed(kept.took)}")
    return told


def speed(took: int) -> str:
    """Say what a sync of so many nanoseconds means."""
    rate = SECOND // (took + BESIDE)
    rough = round(rate, 1 - len(str(rate)))
    return (
        f"a sync takes {took / MILLISECOND:.2g} ms: one waiting client gets about"
        f" {rough:,} puts/s, many clients or pipelined puts far more"
    )


def first_job(address: Address) -> str:
    """Give the line that puts a first job."""
    if isinstance(address, TcpAddress):
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
        return f"{FIRST_JOB} | nc {host} {address.port}"
    return f"{FIRST_JOB} | nc -U {address.path}"
