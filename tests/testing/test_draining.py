"""A drain leaves nothing, whatever state it was in, and proves what is lost."""

from __future__ import annotations

import pytest

from penstock.testing import running_server
from penstock.testing.callers import Callers
from penstock.testing.checkers import check
from penstock.testing.draining import drain
from penstock.testing.history import read_history
from penstock.testing.load import TUBES, Request


@pytest.fixture
def callers(tmp_path):
    with running_server() as server:
        callers = Callers(tmp_path / "history", "7", 0)
        callers.begin(server.addresses[0])
        callers.reach(10)
        yield callers


def put(callers, conversation, **asked):
    request = Request("put", tube=TUBES[0], ttr=60, body=b"x", **asked)
    return callers.ask_alone(conversation, [request])[0].id


def reserve(callers, conversation):
    request = Request("reserve-with-timeout", tubes=TUBES)
    return callers.ask_alone(conversation, [request])[0].id


def test_jobs_in_every_state_are_drained(callers, tmp_path):
    conversation = callers.join(TUBES)
    for _ in range(2):
        id = put(callers, conversation)
        assert reserve(callers, conversation) == id
        callers.ask_alone(conversation, [Request("bury", id=id, pri=3)])
    put(callers, conversation, delay=5000)
    put(callers, conversation)
    callers.ask_alone(
        conversation, [Request("pause-tube", tube=TUBES[0], seconds=1000)]
    )
    assert drain(callers) == 4
    callers.close()
    history = read_history(tmp_path / "history")
    buried = [o.id for o in history.operations if o.verb == "peek-buried" and o.id]
    assert buried == [1, 2]
    verdict = check(history)
    assert verdict.violations == []
    assert verdict.counts["put"] == verdict.counts["deleted"] == 4


def test_what_a_drain_cannot_get_is_lost(callers, tmp_path, monkeypatch):
    monkeypatch.setattr("penstock.testing.draining.MOST_ROUNDS", 2)
    holder, conversation = callers.join(TUBES), callers.join(TUBES)
    id = put(callers, conversation)
    assert reserve(callers, holder) == id
    assert drain(callers) == 0
    callers.close()
    verdict = check(read_history(tmp_path / "history"))
    assert [(v.kind, v.id) for v in verdict.violations] == [("lost", id)]
