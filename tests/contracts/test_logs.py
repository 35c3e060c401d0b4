"""Every log keeps the contract of logs."""

import asyncio
from functools import partial

from penstock.log.memory import MemoryLog
from penstock.testing import exercise_log


def test_the_log_in_memory_keeps_the_contract():
    asyncio.run(
        exercise_log(
            lambda: partial(MemoryLog, retain=True), outlives_the_process=False
        )
    )
