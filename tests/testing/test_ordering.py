"""Order: which job has to come first, and where nobody can tell."""

from __future__ import annotations

import pytest

from tests.testing.hand_written import Script


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def test_a_job_of_a_later_pri_does_not_come_first(script):
    script.put(1, pri=9)
    script.put(2, pri=3)
    script.reserve(1)
    assert script.kinds() == ["order"]


def test_of_one_pri_the_older_job_comes_first(script):
    script.put(1)
    script.put(2)
    script.reserve(2)
    assert script.kinds() == ["order"]


def test_jobs_that_come_in_order_are_in_order(script):
    script.put(1, pri=9)
    script.put(2, pri=3)
    script.put(3, pri=3)
    for id in (2, 3, 1):
        script.reserve(id)
    assert script.kinds() == []


def test_the_pri_is_the_last_one(script):
    script.put(1, pri=9)
    script.put(2, pri=5)
    script.reserve(2)
    script.say(1, "release", "RELEASED", id=2, pri=10, delay=0)
    script.life()
    script.reserve(2)
    assert script.kinds() == ["order"]


def test_what_a_crash_left_is_still_in_order(script):
    script.put(1)
    script.put(2)
    script.life()
    script.reserve(2)
    assert script.kinds() == ["order"]


def test_a_job_that_another_may_hold_is_not_waited_for(script):
    script.put(1)
    script.put(2)
    first = script.call(2, "reserve")
    script.reserve(2)
    script.reply(first, "RESERVED 1 2")
    assert script.kinds() == []


def test_a_job_in_a_tube_that_is_not_watched_is_not_waited_for(script):
    script.put(1, tube="u")
    script.put(2)
    script.reserve(2)
    script.put(3, tube="u")
    script.reserve(3, tubes=["t", "u"])
    assert script.kinds() == ["order"]


def test_a_job_in_a_paused_tube_is_not_waited_for(script):
    script.put(1, tube="u")
    script.put(2)
    script.say(1, "pause-tube", "PAUSED", tube="u", seconds=10)
    script.reserve(2, tubes=["t", "u"])
    assert script.kinds() == []


def test_a_job_in_a_tube_whose_pause_is_long_over_is_waited_for(script):
    script.put(1, tube="u")
    script.say(1, "pause-tube", "PAUSED", tube="u", seconds=1)
    script.wait(100)
    script.put(2)
    script.reserve(2, tubes=["t", "u"])
    assert script.kinds() == ["order"]


def test_a_delayed_or_buried_job_is_not_waited_for(script):
    script.put(1, delay=1000)
    script.put(2)
    script.reserve(2)
    script.say(1, "bury", "BURIED", id=2, pri=5)
    script.put(3)
    script.reserve(3)
    assert script.kinds() == []


def test_a_look_at_the_first_ready_job_shows_the_first(script):
    script.put(1)
    script.put(2)
    script.say(1, "peek-ready", "FOUND 1 2", tube="t")
    script.say(1, "peek-ready", "FOUND 2 2", tube="t")
    assert script.kinds() == ["order"]


def bury(script, *ids):
    for id in ids:
        script.say(1, "bury", "BURIED", id=id, pri=5)


def reserved(script, *ids):
    for id in ids:
        script.put(id)
    for id in ids:
        script.reserve(id)


def test_buried_jobs_keep_their_line_through_a_crash(script):
    reserved(script, 1, 2, 3)
    bury(script, 2, 1, 3)
    script.life()
    for id in (2, 1, 3):
        script.say(1, "peek-buried", f"FOUND {id} 2", tube="t")
        script.say(1, "kick-job", "KICKED", id=id)
    assert script.kinds() == []


def test_buried_jobs_that_a_crash_put_in_another_line_are_out_of_order(script):
    reserved(script, 1, 2)
    bury(script, 2, 1)
    script.life()
    script.say(1, "peek-buried", "FOUND 1 2", tube="t")
    assert script.kinds() == ["order"]


def test_buries_that_overlap_may_have_any_line(script):
    reserved(script, 1)
    script.put(2)
    script.reserve(2, on=2)
    first = script.call(1, "bury", id=1, pri=5)
    second = script.call(2, "bury", id=2, pri=5)
    script.reply(first, "BURIED")
    script.reply(second, "BURIED")
    script.say(1, "peek-buried", "FOUND 2 2", tube="t")
    assert script.kinds() == []


def test_a_bury_in_flight_has_no_place_yet(script):
    reserved(script, 1, 2)
    bury(script, 1)
    script.call(1, "bury", id=2, pri=5)
    script.say(2, "peek-buried", "FOUND 2 2", tube="t")
    assert script.kinds() == []


def test_a_kicked_job_is_not_looked_for_among_the_buried(script):
    reserved(script, 1, 2)
    bury(script, 1, 2)
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    script.say(1, "peek-buried", "FOUND 2 2", tube="t")
    assert script.kinds() == []


def test_a_job_that_nobody_asked_for_again_may_have_been_kicked(script):
    reserved(script, 1, 2)
    bury(script, 1, 2)
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    for _ in range(2):
        script.say(1, "peek-buried", "FOUND 2 2", tube="t")
    script.life()
    script.say(1, "peek-buried", "FOUND 2 2", tube="t")
    assert script.kinds() == []


def test_a_paused_tube_gives_no_job(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.reserve(1)
    assert script.kinds() == ["order"]


def test_a_pause_lasts_through_a_crash(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.wait(5)
    script.life()
    script.reserve(1)
    assert script.kinds() == ["order"]


def test_a_pause_ends_with_its_time(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.wait(10)
    script.reserve(1)
    assert script.kinds() == []


def test_a_pause_ends_when_somebody_ends_it(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=0)
    script.reserve(1)
    assert script.kinds() == []


def test_a_pause_after_its_end_does_not_count_from_its_beginning(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=0)
    script.reserve(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    assert script.kinds() == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_pause_may_have_ended_by_one_that_was_sent_before(script, answered):
    script.put(1)
    end = script.call(2, "pause-tube", tube="t", seconds=0)
    pause = script.call(1, "pause-tube", tube="t", seconds=10)
    if answered:
        script.reply(end, "PAUSED")
    script.reply(pause, "PAUSED")
    script.reserve(1)
    assert script.kinds() == []


def test_a_pause_without_a_reply_may_be_none(script):
    script.put(1)
    script.call(1, "pause-tube", tube="t", seconds=10)
    script.reserve(1)
    assert script.kinds() == []


def test_a_pause_of_which_the_end_is_not_known_may_have_ended(script):
    script.put(1)
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.call(2, "pause-tube", tube="t", seconds=0)
    script.reserve(1)
    assert script.kinds() == []


def test_a_pause_goes_with_a_tube_that_was_empty(script):
    """The job came later: its tube may be a new one of that name."""
    script.say(1, "pause-tube", "PAUSED", tube="t", seconds=10)
    script.put(1)
    script.reserve(1)
    assert script.kinds() == []
