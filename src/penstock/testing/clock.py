"""A clock that stands still until it is moved."""

from __future__ import annotations

SECOND = 1_000_000_000
NEW_YEAR_2026 = 1_767_225_600 * SECOND


class ManualClock:
    """Time that passes when the test says so. `start` is where elapsed time begins."""

    def __init__(self, *, start: int = 0, wall: int = NEW_YEAR_2026) -> None:
        self._now = start
        self._wall = wall

    def now(self) -> int:
        """Nanoseconds since the start."""
        return self._now

    def wall(self) -> int:
        """Nanoseconds since 1970."""
        return self._wall

    def advance(self, *, seconds: float = 0, ns: int = 0) -> None:
        """Let time pass, on both clocks."""
        passed = round(seconds * SECOND) + ns
        assert passed >= 0, f"time does not go back: {passed}"
        self._now += passed
        self._wall += passed

    def set_wall(self, wall: int) -> None:
        """Let the time of day jump, as an administrator or a bad battery does."""
        self._wall = wall
