"""What commands of one commit know of those before them."""

import json

from penstock.core.commands import Set
from penstock.core.job import READY
from penstock.core.policy import ADMITTED, FULL
from penstock.core.scope import Scope
from tests.core.story import SECOND


def scope(story):
    engine = story.engine
    return Scope(engine.store, engine.turn, engine.policy, engine.counters)


def test_a_state_is_as_earlier_commands_will_leave_it(story, client):
    story.put(client)
    found = scope(story)
    assert found.state(1) == READY
    found.states[1] = 0
    assert (found.state(1), found.state(2)) == (0, 0)


def test_after_a_clear_no_state_is_certain(story, client):
    story.put(client)
    found = scope(story)
    found.cleared = True
    assert found.state(1) == 0


def test_jobs_that_come_earlier_count_for_a_tubes_bounds(story, client):
    rules = json.dumps({"max_jobs": 2, "max_bytes": 10}).encode()
    story.commit(client, Set(b"tube", b"default", rules))
    found = scope(story)
    assert found.admits_into(b"other", 100) == ADMITTED
    assert found.admits_into(b"default", 6) == ADMITTED
    assert found.admits_into(b"default", 5) == FULL
    found = scope(story)
    assert [found.admits_into(b"default", 1) for _ in range(3)][1:] == [ADMITTED, FULL]


def test_a_value_is_as_earlier_commands_will_leave_it(story, client):
    story.commit(client, Set(b"n", b"k", b"v"))
    found = scope(story)
    assert (found.value(b"n", b"k"), found.value(b"n", b"other")) == (b"v", None)
    found.values[b"n", b"k"] = None
    assert found.value(b"n", b"k") is None
    assert found.changes(b"n") == {b"k": None}


def test_a_delay_of_nothing_is_no_moment(story):
    story.advance(2)
    assert (scope(story).due(0), scope(story).due(3)) == (0, 2 * SECOND + 3)
