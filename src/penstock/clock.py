"""Where the time comes from: read at the edge, then handed down as an argument."""

from __future__ import annotations

import time
from typing import Protocol

# BOOTTIME goes on while the machine is suspended, so a delay of an hour is over
# an hour later whatever the lid did. Systems without it have MONOTONIC.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Time as the server needs it, in nanoseconds."""

    def now(self) -> int:
        """Time that only goes forward, from an arbitrary start."""

    def wall(self) -> int:
        """Time of day since 1970, for display and absolute times; it may jump."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        """Nanoseconds since the machine started, time asleep included."""
        return time.clock_gettime_ns(_ELAPSED)

    def wall(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()
