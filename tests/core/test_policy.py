"""Admission."""

import json

import pytest

from penstock.core.commands import Set
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


def ruled(story, client, **rules):
    story.commit(client, Set(b"tube", b"default", json.dumps(rules).encode()))
    return story.tube()


def test_a_tube_without_rules_takes_everything(story, policy):
    assert policy.admits_into(story.tube(), 1 << 40, 1) == ADMITTED


def test_a_tube_that_is_drained_takes_nothing(story, client, policy):
    assert policy.admits_into(ruled(story, client, drain=True), 0, 1) == DRAINING
    assert policy.admits_into(ruled(story, client, drain=False), 0, 1) == ADMITTED


def test_a_tube_takes_so_many_jobs_in_all_states(story, client, policy):
    tube = ruled(story, client, max_jobs=3)
    story.put(client)
    story.put(client, delay=5)
    story.reserve(client)
    assert policy.admits_into(tube, 0, 1) == ADMITTED
    story.put(client)
    assert policy.admits_into(tube, 0, 1) == FULL
    story.engine.delete(client, 1)
    assert policy.admits_into(tube, 0, 1) == ADMITTED


def test_a_tube_takes_so_many_bytes(story, client, policy):
    tube = ruled(story, client, max_bytes=10)
    story.put(client, b"123456")
    assert policy.admits_into(tube, 4, 1) == ADMITTED
    assert policy.admits_into(tube, 5, 1) == FULL
