"""Server-wide counters."""

from penstock.core.counters import Counters
from penstock.core.views import COMMANDS


def test_every_command_of_stats_has_its_counter_which_begins_at_nothing():
    counters = Counters()
    names = [f"cmd_{command.replace('-', '_')}" for command in COMMANDS]
    assert [getattr(counters, name) for name in names] == [0] * len(COMMANDS)


def test_a_counter_has_sixty_four_bits():
    counters = Counters()
    counters.total_jobs = 2**64 - 2
    counters.total_jobs += 1
    assert counters.total_jobs == 2**64 - 1


def test_other_counters_begin_at_nothing():
    counters = Counters()
    assert (counters.job_timeouts, counters.total_connections) == (0, 0)
    assert (counters.current_producers, counters.current_workers) == (0, 0)
