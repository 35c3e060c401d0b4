"""What tests of Penstock, and of programs around it, are made with."""

from penstock.testing.clock import ManualClock
from penstock.testing.held_log import HeldLog
from penstock.testing.log_contract import exercise_log
from penstock.testing.server import RunningServer, running_server

__all__ = [
    "HeldLog",
    "ManualClock",
    "RunningServer",
    "exercise_log",
    "running_server",
]
