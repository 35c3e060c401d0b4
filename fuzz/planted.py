"""Bugs that are planted in the plain modules, to see that fuzzing finds such ones."""

from collections.abc import Callable

from penstock.core.wire import beanstalk, verbs
from penstock.core.wire.line import Line


def long_delay() -> None:
    """A put's delay may have 64 bits, so that the moment it is due has more."""
    number = Line.number

    def unchecked(self: Line, most: int) -> bool:
        return bool(number(self, verbs.U64 if most == verbs.U32 else most))

    Line.number = unchecked  # type: ignore[method-assign]


def lost_cr() -> None:
    """A CR at the end of what has come of an over-long line is forgotten."""
    discard = beanstalk.BeanstalkSession._discard  # noqa: SLF001  (it is broken here)

    def forgetful(
        self: beanstalk.BeanstalkSession, data: bytes, at: int, end: int
    ) -> int:
        taken = int(discard(self, data, at, end))
        return end if taken == end - 1 else taken

    setattr(beanstalk.BeanstalkSession, "_discard", forgetful)  # noqa: B010


PLANTED: dict[str, Callable[[], None]] = {
    "long-delay": long_delay,
    "lost-cr": lost_cr,
}
