"""An event loop that stands still: what the broker asks of a loop, moved turn by turn.

It has no sockets. Time is a clock's, and passes when somebody moves that.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from penstock.clock import Clock

SECOND = 1_000_000_000
NEVER = 1 << 63  # nanoseconds: a moment that does not come


class SimHandle:
    """Something that is to be called, unless it is cancelled before."""

    __slots__ = ("_call", "_given")

    def __init__(self, call: Callable[..., object], given: tuple[object, ...]) -> None:
        self._call: Callable[..., object] | None = call
        self._given = given

    def cancel(self) -> None:
        """Do not call it."""
        self._call = None

    def cancelled(self) -> bool:
        """Tell whether it will not be called."""
        return self._call is None

    def run(self) -> None:
        """Call it, once."""
        call, self._call = self._call, None
        if call is not None:
            call(*self._given)


class SimLoop:
    """Calls things soon, which is in the next turn, or later."""

    def __init__(self, clock: Clock) -> None:
        self.readers: dict[int, Callable[..., object]] = {}
        self.turns = 0
        self._clock = clock
        self._soon: list[SimHandle] = []
        self._later: list[tuple[int, int, SimHandle]] = []
        self._asked = 0

    def time(self) -> float:
        """Give the clock's time in seconds."""
        return self._clock.now() / SECOND

    def call_soon(self, call: Callable[..., object], *given: object) -> SimHandle:
        """Call it in the next turn."""
        handle = SimHandle(call, given)
        self._soon.append(handle)
        return handle

    def call_later(
        self, delay: float, call: Callable[..., object], *given: object
    ) -> SimHandle:
        """Call it in the first turn after so many seconds."""
        handle = SimHandle(call, given)
        self._asked += 1  # so that equal moments keep their order
        moment = self._clock.now() + max(0, round(delay * SECOND))
        heapq.heappush(self._later, (moment, self._asked, handle))
        return handle

    def add_reader(self, fd: int, call: Callable[..., object]) -> None:
        """Remember who reads; nothing is ever readable by itself."""
        assert fd >= 0, "this descriptor does not exist"
        self.readers[fd] = call

    def remove_reader(self, fd: int) -> bool:
        """Forget who reads."""
        return self.readers.pop(fd, None) is not None

    # What the test does.

    def turn(self) -> bool:
        """Call what is due; False where nothing was."""
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            self._soon.append(heapq.heappop(self._later)[2])
        due, self._soon = self._soon, []
        for handle in due:
            handle.run()
        self.turns += bool(due)
        return bool(due)

    def settle(self, most: int = 100) -> None:
        """Turn until nothing is due."""
        while self.turn():
            most -= 1
            assert most, "the loop is never done"

    def next_moment(self) -> int:
        """Tell the moment, on the clock, at which something is due; or NEVER."""
        if self._soon:
            return self._clock.now()
        while self._later and self._later[0][2].cancelled():
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else NEVER

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the loop that runs, for those who ask asyncio for it."""
        set_running = asyncio._set_running_loop  # noqa: SLF001  (for makers of loops)
        set_running(cast(asyncio.AbstractEventLoop, self))
        try:
            yield
        finally:
            set_running(None)
