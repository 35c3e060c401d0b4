"""What `stats` tells that only the process knows: pid, host, times, mode."""

from __future__ import annotations

import os
import platform
import resource
import secrets
from collections.abc import Sequence

import penstock
from penstock.clock import Clock
from penstock.core.acceptor import Listener
from penstock.core.reactor import Reactor
from penstock.server.broker import Broker
from penstock.server.storage import storage

SECOND = 1_000_000_000
BINLOG_MAX_SIZE = 10485760  # what beanstalkd shows when it keeps no binlog


def new_id() -> str:
    """Name this process in 16 hex digits that no client takes for a number."""
    while True:
        id = secrets.token_hex(8)
        # With an e alone, as in 12e34, it would read as a floating-point number.
        if set(id) & set("abcdf"):
            return id


def quoted(text: str) -> str:
    """Give a text the form that every client's reader of YAML understands."""
    plain = (
        c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in text
    )
    return f'"{"".join(plain)}"'


def cpu_time(seconds: float) -> str:
    """Write a time of the processor as beanstalkd does."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{whole}.{micros:06d}"


class Surroundings:
    """Called by the engine's views; fields are in the protocol's order, ours last."""

    def __init__(
        self,
        broker: Broker,
        reactor: Reactor,
        listeners: Sequence[Listener],
        clock: Clock,
        mode: str,
    ) -> None:
        self._broker = broker
        self._policy = broker.engine.policy
        self._reactor = reactor
        self._listeners = listeners
        self._clock = clock
        self._started = clock.now()
        self._mode = mode
        self.id = new_id()

    def __call__(self) -> dict[str, object]:
        """Tell how things are now."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        system = platform.uname()
        kept = storage(self._broker)
        return {
            "max-job-size": self._policy.max_job_size,
            "pid": os.getpid(),
            "version": quoted(penstock.__version__),
            "rusage-utime": cpu_time(usage.ru_utime),
            "rusage-stime": cpu_time(usage.ru_stime),
            "uptime": (self._clock.now() - self._started) // SECOND,
            "binlog-oldest-index": kept.oldest_piece,
            "binlog-current-index": kept.current_piece,
            "binlog-records-migrated": kept.carried,
            "binlog-records-written": kept.events,
            "binlog-max-size": kept.piece_size or BINLOG_MAX_SIZE,
            "draining": "true" if self._policy.draining else "false",
            "id": self.id,
            "hostname": quoted(system.node),
            "os": quoted(system.version),
            "platform": quoted(system.machine),
            "mode": self._mode,
            "connections-refused": sum(each.refused for each in self._listeners),
            "descriptors-exhausted": self._reactor.acceptor.exhausted,
            **kept.fields,
        }
