"""The random sequences: repeatable, and varied enough."""

from tests.differential.last_steps import LAST_STEPS
from tests.differential.sequences import (
    DEADLINES,
    DELAYS,
    QUICK,
    with_ids,
    write_sequence,
)

WORDS = b"put reserve reserve-with-timeout reserve-job delete release bury kick".split()
WORDS += b"kick-job touch peek peek-ready peek-delayed peek-buried use watch".split()
WORDS += b"ignore list-tubes list-tube-used list-tubes-watched stats".split()
WORDS += b"stats-job stats-tube pause-tube quit".split()


def test_a_seed_stands_for_one_sequence() -> None:
    for flavour in (QUICK, DELAYS, DEADLINES):
        assert write_sequence(7, flavour) == write_sequence(7, flavour)
    assert write_sequence(7, QUICK).steps != write_sequence(8, QUICK).steps


def test_every_command_and_every_kind_of_step_occurs() -> None:
    steps = [s for seed in range(300) for s in write_sequence(seed, QUICK).steps]
    lines = {line for step in steps for line in step.data.split(b"\r\n")}
    assert {line.split(b" ")[0] for line in lines} >= set(WORDS)
    kinds = {step.kind for step in steps}
    assert kinds == {"send", "close", "halfclose"} | {last.kind for last in LAST_STEPS}
    assert any(step.cuts for step in steps)


def test_time_passes_in_the_timed_ones() -> None:
    for flavour in (DELAYS, DEADLINES):
        assert write_sequence(1, flavour).waits > 2


def test_ids_count_from_where_they_are_told() -> None:
    assert with_ids(b"delete <3>\r\ntouch <12>\r\n", 100) == (
        b"delete 103\r\ntouch 112\r\n"
    )
