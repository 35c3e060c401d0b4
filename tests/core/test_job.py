"""What a job is made of."""

import sys

import pytest

from penstock.core import job as module
from penstock.core.job import REASON_NAMES, STATE_NAMES, Job
from tests import variants


def test_every_state_and_reason_has_its_name():
    states = ("READY", "RESERVED", "DELAYED", "BURIED", "HELD")
    for name in states:
        assert STATE_NAMES[getattr(module, name)] == name.lower().encode()
    reasons = [name for name in vars(module) if name.startswith("BY_")]
    assert sorted(getattr(module, n) for n in reasons) == list(range(len(REASON_NAMES)))


def test_a_new_job_is_in_no_state():
    job = Job()
    assert (job.id, job.state, job.holder, job.extra) == (0, 0, None, None)


def test_a_compiled_job_fills_two_cache_lines_and_is_no_work_for_the_collector():
    if variants.form_of("penstock.core.job") != "compiled":
        pytest.skip("only the compiled form is packed")
    assert sys.getsizeof(Job()) <= 128


def test_a_released_job_lets_its_reservation_go(story, client):
    story.put(client)
    story.reserve(client)
    reservation = story.job(1).holder
    story.engine.release(client, 1, 0, 0)
    assert reservation.session is None
