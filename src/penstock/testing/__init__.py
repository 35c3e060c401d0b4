"""What tests of Penstock, and of programs around it, are made with."""

from penstock.testing.clock import ManualClock
from penstock.testing.held_log import HeldLog
from penstock.testing.log_contract import exercise_log
from penstock.testing.server import RunningServer, running_server
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded, SimMachine

__all__ = [
    "HeldLog",
    "ManualClock",
    "ProcessEnded",
    "RunningServer",
    "SimDisk",
    "SimFolder",
    "SimMachine",
    "exercise_log",
    "running_server",
]
