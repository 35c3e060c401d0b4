"""A job is followed as long as it can be explained; what is certain of it is told."""

from __future__ import annotations

import pytest

from penstock.testing.beliefs import BURIED, READY, Facts
from penstock.testing.history import FAR
from penstock.testing.lifelines import Lifeline, Violation
from tests.testing.hand_written import Script


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def follow(script):
    """Follow the one job of a script."""
    history = script.history()
    put = next(o for o in history.operations if o.verb == "put")
    facts = Facts(1, "t", 60, put.size, put.digest)
    lifeline = Lifeline(facts, history.operations, history)
    lifeline.follow()
    return lifeline


def test_a_job_without_a_fault_is_followed_to_its_end(script):
    script.put(1)
    script.reserve(1)
    script.say(1, "release", "RELEASED", id=1, pri=5, delay=0)
    script.reserve(1)
    script.delete(1)
    lifeline = follow(script)
    assert lifeline.violation is None
    assert lifeline.redelivered == {"client": 1}


def test_a_fault_is_told_with_the_command_that_showed_it(script):
    script.put(1)
    script.delete(1)
    script.life()
    script.peek(1)
    assert follow(script).violation == Violation(
        "returned", 1, "peek 1 -> FOUND 1 2 (#3, life 2): deleted by #2"
    )


def test_nothing_is_told_after_the_first_fault(script):
    script.put(1)
    script.peek(1, "NOT_FOUND")
    script.peek(1, "NOT_FOUND")
    script.peek(1)
    violation = follow(script).violation
    assert violation is not None
    assert "(#2, life 1)" in violation.sentence


def test_a_job_is_certain_between_commands(script):
    script.put(1, pri=3)
    script.reserve(1)
    script.say(1, "bury", "BURIED", id=1, pri=8)
    script.life()
    lifeline = follow(script)
    assert [(c.stage, c.pri, c.life) for c in lifeline.certain] == [
        (READY, 3, 1),
        (BURIED, 8, 1),
        (BURIED, 8, 2),
    ]
    put, reserve, bury = script.history().operations
    first, second, _ = lifeline.certain
    assert (first.since, first.until) == (put.answered, reserve.called)
    assert (second.since, second.until, second.by) == (bury.answered, FAR, 3)


def test_nothing_is_certain_while_a_command_is_in_flight(script):
    script.put(1)
    script.call(2, "delete", id=1)
    script.peek(1)
    assert [c.life for c in follow(script).certain] == [1]


def test_nothing_is_certain_of_a_job_that_may_have_been_kicked(script):
    script.put(1)
    script.reserve(1)
    script.say(1, "bury", "BURIED", id=1, pri=5)
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    assert [c.stage for c in follow(script).certain] == [READY, BURIED]


def test_many_unanswered_reserves_are_no_burden(script):
    script.put(1, ttr=1)
    for connection in range(40):
        script.call(connection, "reserve")
        script.end(connection, "server")
    script.wait(5)
    script.life()
    script.stats(1, ttr=1, reserves=3, timeouts=2, reason="ttr")
    history = script.history()
    for operation in history.operations:
        operation.ttr = 1
    put = history.operations[0]
    facts = Facts(1, "t", 1, put.size, put.digest)
    lifeline = Lifeline(facts, history.operations, history)
    lifeline.follow()
    assert lifeline.violation is None
    assert not lifeline.gave_up


def test_what_has_too_many_explanations_is_given_up_and_says_so(script, monkeypatch):
    monkeypatch.setattr("penstock.testing.lifelines.MOST", 3)
    script.put(1)
    for connection in range(5):
        script.call(connection, "touch", id=1)
    script.peek(1, "NOT_FOUND")
    lifeline = follow(script)
    assert lifeline.gave_up
    assert lifeline.violation is None
    assert script.verdict().counts["given up"] == 1
