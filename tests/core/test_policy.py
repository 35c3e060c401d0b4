"""Admission."""

import pytest

from penstock.core.policy import ADMITTED, DRAINING, FULL, OVERHEAD


@pytest.fixture
def policy(story):
    return story.engine.policy


def test_everything_is_admitted_at_first(policy):
    assert policy.admits(0) == ADMITTED
    assert policy.admits(2**40) == ADMITTED
    assert policy.max_job_size == 65535


def test_draining_refuses_everything(policy):
    policy.draining = True
    assert policy.admits(0) == DRAINING


def test_what_fits_to_the_byte_is_admitted(policy):
    policy.most_bytes = OVERHEAD + 10
    assert policy.admits(10) == ADMITTED
    assert policy.admits(11) == FULL


def test_jobs_are_charged_and_their_room_comes_back(story, client, policy):
    id = story.put(client, b"x" * 10)
    assert policy.used() == OVERHEAD + 10
    policy.most_bytes = OVERHEAD + 10
    assert policy.admits(0) == FULL
    story.engine.delete(client, id)
    assert policy.used() == 0
    assert policy.admits(10) == ADMITTED
