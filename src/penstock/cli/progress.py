"""Long work shows how far it is: a bar on a terminal, a line in a log elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

import structlog

PATIENCE = 2.0  # seconds of work that nobody has to be told of

logger = structlog.get_logger("penstock.server")


class Progress:
    """Called with how much is done, and of how much; says nothing in the first seconds.

        with Progress("reading the log") as progress:
            progress(3, 10)

    On a terminal it draws a bar on standard error that goes when the work is done.
    Elsewhere `logs` makes it write one line of log when it begins to matter, and it is
    silent without.
    """

    def __init__(
        self,
        what: str,
        *,
        logs: bool = False,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._logs = logs
        self._now = now
        self._quiet_until = now() + patience
        self._show: Callable[[int, int], None] | None = None
        self._hide: Callable[[], None] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._hide is not None:
            self._hide()

    def __call__(self, done: int, total: int) -> None:
        """Tell how much is done."""
        if self._show is not None:
            self._show(done, total)
        elif self._now() >= self._quiet_until:
            self._begin(done, total)

    def _begin(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            self._draw()
        else:
            self._show = _nothing
            if self._logs:
                share = f"{100 * done // max(total, 1)} %"
                logger.info(self._what, done=done, total=total, share=share)
        assert self._show is not None
        self._show(done, total)

    def _draw(self) -> None:
        # Here, so that short work does not wait for it to be loaded.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        bar = Bar(console=Console(stderr=True), transient=True)
        task = bar.add_task(self._what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        bar.start()
        self._show, self._hide = show, bar.stop


def _nothing(done: int, total: int) -> None:
    return
