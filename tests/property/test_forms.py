"""Compiled and plain are one engine: the same batches, replies and images, to the byte.

Both forms do the same random run, each in a process of its own.
"""

import os

import pytest

from tests import variants
from tests.property.random_run import traces

COMMANDS = 100_000
BATCHES = 10_000  # at least

RUN = ("-m", "tests.property.random_run")


def traces_of(form, seed, count):
    lines = variants.run(form, *RUN, str(seed), str(count)).splitlines()
    return dict(line.split(" ", 1) for line in lines)


@pytest.mark.slow
def test_compiled_and_plain_do_the_same_and_replay_to_the_same_image():
    if os.environ.get("PENSTOCK_FORM") != "compiled":
        pytest.skip("only where everything was compiled first: make tests")
    compiled = traces_of("compiled", 7, COMMANDS)
    assert compiled == traces_of("plain", 7, COMMANDS)
    assert int(compiled["batches"].split()[0]) >= BATCHES
    assert compiled["replayed"] == compiled["live"]


def test_a_run_is_the_same_in_this_process_and_in_a_plain_one():
    assert dict(traces(8, 2_000)) == traces_of("plain", 8, 2_000)


def test_another_seed_leaves_other_traces():
    mine, other = dict(traces(8, 500)), dict(traces(9, 500))
    assert not set(mine.values()) & set(other.values()) - {mine["size"]}
