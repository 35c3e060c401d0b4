"""What `stats` tells of the log: its bytes, its batches, its disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.server.broker import Broker

MICROSECOND = 1000


@dataclass(frozen=True, slots=True)
class Storage:
    """The numbers that beanstalkd has names for, and `fields` of our own."""

    oldest_piece: int
    current_piece: int
    carried: int
    events: int
    piece_size: int
    fields: dict[str, object]


def storage(broker: Broker) -> Storage:
    """Tell how the log is now. A log in memory has neither bytes nor syncs."""
    log, usage = broker.log, broker.log.usage()
    latencies: Sequence[int] = sorted(getattr(log, "latencies", ()))
    fields: dict[str, object] = {
        "log-bytes": usage.used,
        "log-live-bytes": 0 if log.forgets else broker.upkeep.compactor.live(),
        "log-room": 0 if log.forgets else max(0, broker.engine.policy.room),
        "log-batches": broker.commits,
        "log-batch-events-mean": broker.events // max(1, broker.commits),
        "log-batch-bytes-max": broker.largest,
        "log-compactions": broker.upkeep.compactor.compactions,
        "log-standstills": broker.standstills,
        **broker.upkeep.compactor.followers.told(),
        "sync-count": getattr(log, "syncs", 0),
        "sync-last-us": getattr(log, "sync_took", 0) // MICROSECOND,
        "sync-p50-us": _quantile(latencies, 50) // MICROSECOND,
        "sync-p99-us": _quantile(latencies, 99) // MICROSECOND,
    }
    carried = broker.upkeep.compactor.carried
    return Storage(
        usage.oldest_piece, log.piece(), carried, broker.events, usage.piece, fields
    )


def _quantile(ordered: Sequence[int], percent: int) -> int:
    """Give the value below which so many percent lie; 0 where there are none."""
    return ordered[len(ordered) * percent // 100] if ordered else 0
