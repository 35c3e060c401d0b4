"""What tests of Penstock, and of programs around it, are made with."""

from penstock.testing.clock import ManualClock
from penstock.testing.held_log import HeldLog
from penstock.testing.log_contract import exercise_log

__all__ = ["HeldLog", "ManualClock", "exercise_log"]
