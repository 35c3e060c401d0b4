"""The server in the foreground: from settings to sockets and a log."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock import config
from penstock.cli import folders, keeping, log_output
from penstock.cli.banner import Kept, announce
from penstock.cli.keeping import Place
from penstock.cli.output import size
from penstock.cli.progress import Progress
from penstock.clock import SystemClock
from penstock.config import Settings, Systemd
from penstock.errors import ConfigError, LogFull
from penstock.log import Log
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.log.file.segments import SMALLEST, SPARE
from penstock.log.memory import MemoryLog
from penstock.server import access, limits, listeners
from penstock.server.lifecycle import Bounds, Server, hold_signals
from penstock.server.listeners import Door
from penstock.server.notify import Notifier

NEEDED = f"a new data folder takes {size((1 + SPARE) * SMALLEST)}; nothing was written"
Watch = Callable[[int], None]  # the number of the batch that was read
Build = Callable[[Log, str, Watch], Server]  # from a log, and what its mode is called


@dataclass(frozen=True, slots=True)
class Typed:
    """What has to be typed out, and can be set in no other way."""

    insecure_public: bool = False
    any_file_system: bool = False


def run(
    flags: Mapping[str, Any],
    file: Path | None,
    typed: Typed,
    prepare: Callable[[], None] = lambda: None,
) -> int:
    """Serve until told to end; give the exit status. `prepare` is called once the doors
    are open, before the data folder is."""
    settings = config.load(flags, file, os.environ)
    systemd = config.from_systemd(os.environ, os.getpid())
    log_output.set_up(settings.log_format)
    place = keeping.place(settings, os.environ, any_file_system=typed.any_file_system)
    bounds = _bounds(settings)
    hold_signals()
    doors = _doors(settings, systemd, insecure_public=typed.insecure_public)
    try:
        prepare()
    except BaseException:
        listeners.close_all(doors)
        raise
    return _loop_runner()(_serve(settings, systemd, bounds, doors, place))


def _bounds(settings: Settings) -> Bounds:
    descriptors = limits.raise_descriptors()
    return Bounds(
        settings.max_job_size,
        limits.most_connections(descriptors, settings.max_connections),
        settings.max_memory or limits.most_memory(),
    )


def _doors(
    settings: Settings, systemd: Systemd, *, insecure_public: bool
) -> list[Door]:
    """Open what is configured; sockets from systemd stand in for the defaults."""
    inherited = listeners.adopt(systemd.sockets)
    taken = [door.address for door in inherited]
    wanted = None if settings.beanstalk is None else list(settings.beanstalk)
    if wanted is None and taken:
        wanted = []
    named = [] if wanted is None else [each for each in wanted if each not in taken]
    access.check(taken + named, settings.allow, insecure_public=insecure_public)
    doors = inherited + listeners.open_all(None if wanted is None else named)
    if not doors:
        raise ConfigError("beanstalk = off: no other listener is there to serve")
    return doors


def _loop_runner() -> Callable[[Coroutine[Any, Any, int]], int]:
    try:
        import uvloop  # noqa: PLC0415  (absent where it has no wheel)
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _serve(
    settings: Settings,
    systemd: Systemd,
    bounds: Bounds,
    doors: list[Door],
    place: Place | None,
) -> int:
    clock, notifier = SystemClock(), Notifier(systemd.notify, systemd.watchdog)

    def build(log: Log, mode: str, watch: Watch) -> Server:
        return Server(doors, log, mode, clock, bounds, settings.allow, notifier, watch)

    try:
        server, kept = _in_memory(build) if place is None else _recover(place, build)
    except BaseException:
        listeners.close_all(doors)
        raise
    addresses = [door.address for door in doors]
    return await server.run(lambda: announce(addresses, settings.log_format, kept))


def _in_memory(build: Build) -> tuple[Server, None]:
    return build(MemoryLog(), "memory", lambda seq: None), None


def _recover(place: Place, build: Build) -> tuple[Server, Kept]:
    """Put a server together that goes on where the log of its folder ends."""
    with folders.named(place.folder):
        folder = keeping.own(place.folder)
        log = FileLog(folder, Disk(place.folder, place.sync.interval))
        there = log.usage()
        if not there.durable and not there.room:
            raise LogFull("begin", str(place.folder), hint=NEEDED)
        total = there.durable - there.oldest + 1
        with Progress("reading the log", logs=True) as progress:
            server = build(
                log,
                place.sync.text,
                lambda seq: progress(seq - there.oldest + 1, total),
            )
        assert server.recovered is not None
        took = None if place.sync.interval else keeping.time_syncs(folder)
        return server, Kept(place, server.recovered, log.torn, took)
