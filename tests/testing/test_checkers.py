"""Each verdict on histories written by hand: what is wrong is found, and what only
looks wrong is not."""

from __future__ import annotations

import pytest

from penstock.testing.checkers import check
from penstock.testing.history import read_history
from tests.testing.hand_written import FRESH, Script


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def test_a_history_without_a_fault_is_without_a_verdict(script):
    script.put(1)
    script.stats(1)
    script.reserve(1)
    script.delete(1)
    script.life()
    script.peek(1, "NOT_FOUND")
    script.drained()
    verdict = script.verdict()
    assert verdict.violations == []
    assert verdict.counts["put"] == verdict.counts["deleted"] == 1
    assert str(verdict).startswith("nothing wrong; ")


# lost


def test_an_acknowledged_job_that_is_missing_after_a_crash_is_lost(script):
    script.put(1)
    script.life()
    script.peek(1, "NOT_FOUND")
    assert script.kinds() == ["lost"]


def test_an_acknowledged_job_that_no_drain_turns_up_is_lost(script):
    script.put(1)
    script.life()
    script.drained()
    assert script.kinds() == ["lost"]


def test_a_job_is_missed_once_however_often_it_is_asked_for(script):
    script.put(1)
    script.life()
    script.peek(1, "NOT_FOUND")
    script.say(1, "stats-job", "NOT_FOUND", id=1)
    script.drained()
    assert script.kinds() == ["lost"]


def test_a_put_without_a_reply_may_be_missing(script):
    script.call(1, "put")
    script.life()
    script.peek(1, "NOT_FOUND")
    script.drained()
    assert script.kinds() == []


@pytest.mark.parametrize("answer", ["NOT_FOUND", "FOUND 1 2"])
def test_a_delete_without_a_reply_makes_both_outcomes_right(script, answer):
    script.put(1)
    script.call(1, "delete", id=1)
    script.life()
    script.peek(1, answer)
    assert script.kinds() == []


def test_a_delete_without_a_reply_does_nothing_after_the_crash(script):
    script.put(1)
    script.call(1, "delete", id=1)
    script.life()
    script.peek(1)
    script.peek(1, "NOT_FOUND")
    assert script.kinds() == ["lost"]


def test_a_delete_that_failed_inside_makes_both_outcomes_right(script):
    script.put(1)
    script.delete(1, "INTERNAL_ERROR")
    script.peek(1, "NOT_FOUND")
    assert script.kinds() == []


def test_a_delete_that_finds_no_job_where_one_is_ready_has_lost_it(script):
    script.put(1)
    script.delete(1, "NOT_FOUND")
    script.peek(1, "NOT_FOUND")
    assert script.kinds() == ["lost"]


def test_somebody_elses_job_is_not_found_by_a_delete(script):
    script.put(1)
    script.reserve(1, on=2)
    script.delete(1, "NOT_FOUND")
    script.peek(1)
    assert script.kinds() == []


def test_a_reserve_without_a_reply_may_hold_the_job(script):
    script.put(1)
    script.call(2, "reserve")
    script.delete(1, "NOT_FOUND")
    script.peek(1)
    assert script.kinds() == []


# returned


def test_a_deleted_job_that_is_found_after_a_crash_has_returned(script):
    script.put(1)
    script.delete(1)
    script.life()
    script.peek(1)
    assert script.kinds() == ["returned"]


def test_a_deleted_job_that_is_reserved_again_has_returned(script):
    script.put(1)
    script.reserve(1)
    script.delete(1)
    script.life()
    script.reserve(1)
    assert script.kinds() == ["returned"]


def test_a_job_is_deleted_once(script):
    script.put(1)
    script.delete(1)
    script.delete(1, on=2)
    assert script.kinds() == ["returned"]


def test_a_deleted_job_that_statistics_know_has_returned(script):
    script.put(1)
    script.delete(1)
    script.stats(1)
    assert script.kinds() == ["returned"]


def test_a_look_may_overlap_a_delete(script):
    script.put(1)
    delete = script.call(1, "delete", id=1)
    script.peek(1, on=2)
    script.peek(1, "NOT_FOUND", on=2)
    script.reply(delete, "DELETED")
    assert script.kinds() == []


def test_a_delete_that_somebody_saw_done_is_done_for_good(script):
    """Nobody is shown what a crash can still undo, though its own reply never came."""
    script.put(1)
    script.call(1, "delete", id=1)
    script.peek(1, "NOT_FOUND", on=2)
    script.life()
    script.peek(1)
    assert script.kinds() == ["returned"]


# invented


def test_a_job_that_nobody_put_is_invented(script):
    script.peek(7, body=b"x")
    assert script.kinds() == ["invented"]


def test_a_refused_put_makes_no_job(script):
    script.say(1, "put", "OUT_OF_MEMORY", body=b"refused")
    script.reserve(1, body=b"refused")
    assert script.kinds() == ["invented"]


@pytest.mark.parametrize("answer", ["", "INTERNAL_ERROR"])
def test_a_put_of_which_nothing_is_known_may_have_made_a_job(script, answer):
    put = script.call(1, "put", body=b"perhaps")
    if answer:
        script.reply(put, answer)
    script.life()
    script.stats(1)
    script.reserve(1, body=b"perhaps")
    script.delete(1)
    assert script.kinds() == []


def test_a_put_without_a_reply_may_be_reserved_while_it_is_in_flight(script):
    put = script.call(1, "put", body=b"soon")
    script.reserve(1, on=2, body=b"soon")
    script.reply(put, "INSERTED 1")
    assert script.kinds() == []


def test_a_job_of_an_unacknowledged_put_is_lost_once_it_was_seen(script):
    script.call(1, "put", body=b"perhaps")
    script.life()
    script.peek(1, body=b"perhaps")
    script.life()
    script.peek(1, "NOT_FOUND")
    assert script.kinds() == ["lost"]


# altered


def test_a_body_of_another_job_is_altered(script):
    script.put(1, body=b"one")
    script.put(2, body=b"two")
    script.life()
    script.peek(1, body=b"two")
    assert script.kinds() == ["altered"]


@pytest.mark.parametrize(
    "fields", [{"pri": 6}, {"ttr": 61}, {"tube": "u"}, {"delay": 1}, {"buries": 1}]
)
def test_a_job_that_is_not_as_it_was_put_is_altered(script, fields):
    script.put(1)
    script.life()
    script.stats(1, **fields)
    assert script.kinds() == ["altered"]


def release(script, **asked):
    script.put(1)
    script.reserve(1)
    return script.call(1, "release", id=1, **asked)


def test_a_released_job_that_has_its_old_pri_after_a_crash_is_altered(script):
    script.reply(release(script, pri=9, delay=0), "RELEASED")
    script.life()
    script.stats(1, pri=5, releases=1, reserves=1, reason="client")
    assert script.kinds() == ["altered"]
    assert "it has pri 5, and should have pri 9" in str(script.verdict())


@pytest.mark.parametrize(
    "fields",
    [
        {"pri": 9, "releases": 1, "reserves": 1, "reason": "client"},
        {"pri": 5, "releases": 0, "reserves": 1, "reason": "restart"},
        {"pri": 5, "releases": 0, "reserves": 0, "reason": "none"},
    ],
)
def test_a_release_without_a_reply_makes_both_outcomes_right(script, fields):
    release(script, pri=9, delay=0)
    script.life()
    script.stats(1, **fields)
    assert script.kinds() == []


def test_a_release_is_done_wholly_or_not_at_all(script):
    release(script, pri=9, delay=0)
    script.life()
    script.stats(1, pri=9, releases=0, reserves=1, reason="restart")
    assert script.kinds() == ["altered"]


def test_a_delayed_job_that_comes_early_is_altered(script):
    script.put(1, delay=3)
    script.wait(2)
    script.reserve(1)
    assert script.kinds() == ["altered"]


def test_a_delayed_job_comes_when_its_delay_is_over_also_while_nothing_ran(script):
    script.put(1, delay=3)
    script.wait(3.1)
    script.life()
    script.reserve(1)
    assert script.kinds() == []


def test_a_delay_that_a_crash_makes_longer_is_altered(script):
    script.put(1, delay=100)
    script.wait(50)
    script.life()
    script.stats(1, state="delayed", delay=100, time_left=99)
    assert script.kinds() == ["altered"]


def test_a_delay_goes_on_through_a_crash(script):
    script.put(1, delay=100)
    script.wait(50)
    script.life()
    script.stats(1, state="delayed", delay=100, time_left=49)
    assert script.kinds() == []


def test_time_goes_by_while_an_answer_is_on_its_way(script):
    script.put(1, delay=100)
    asked = script.call(1, "stats-job", id=1)
    script.wait(30)
    fields = {"id": 1, "tube": "t", **FRESH, "state": "delayed", "delay": 100}
    fields["time-left"] = 70
    texts = {name: str(value) for name, value in fields.items()}
    script.reply(asked, "OK 100", fields=texts)
    assert script.kinds() == []


def test_a_job_that_stays_delayed_for_ever_is_altered(script):
    script.put(1, delay=1)
    script.wait(30)
    script.stats(1, state="delayed", delay=1)
    assert script.kinds() == ["altered"]


def bury(script, id=1):
    script.put(id)
    script.reserve(id)
    return script.say(1, "bury", "BURIED", id=id, pri=5)


def test_a_buried_job_that_a_crash_makes_ready_is_altered(script):
    bury(script)
    script.life()
    script.reserve(1)
    assert script.kinds() == ["altered"]


def test_buries_that_a_crash_counts_again_are_altered(script):
    bury(script)
    script.life()
    script.stats(1, state="buried", buries=2, reserves=1, reason="client")
    assert script.kinds() == ["altered"]


def test_a_buried_job_that_nobody_can_kick_is_altered(script):
    bury(script)
    script.say(1, "kick-job", "NOT_FOUND", id=1)
    script.peek(1)
    assert script.kinds() == ["altered"]


def test_a_kick_of_some_may_have_met_a_job_or_not(script):
    bury(script)
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    script.stats(1, state="buried", buries=1, reserves=1, reason="client")
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    script.stats(1, buries=1, kicks=1, reserves=1, reason="kicked")
    assert script.kinds() == []


def test_a_job_that_a_kick_may_have_met_may_be_reserved_and_deleted(script):
    bury(script)
    script.say(1, "kick", "KICKED 1", tube="t", bound=1)
    script.reserve(1)
    script.delete(1)
    assert script.kinds() == []


def test_a_kick_of_none_or_in_another_tube_changes_nothing(script):
    bury(script)
    script.say(1, "kick", "KICKED 0", tube="t", bound=1)
    script.say(1, "kick", "KICKED 1", tube="u", bound=1)
    script.stats(1, buries=1, kicks=1, reserves=1, reason="kicked")
    assert script.kinds() == ["altered"]


# doubled


def test_a_put_that_makes_two_jobs_is_doubled(script):
    script.put(1, body=b"one")
    script.life()
    script.peek(1)
    script.peek(2, body=b"one")
    assert script.kinds() == ["doubled"]


def test_a_put_without_a_reply_makes_one_job_at_most(script):
    script.call(1, "put", body=b"one")
    script.life()
    script.peek(1, body=b"one")
    script.peek(2, body=b"one")
    assert script.kinds() == ["invented"]


def test_a_job_that_its_holder_gets_again_is_doubled(script):
    script.put(1)
    script.reserve(1)
    script.reserve(1)
    assert script.kinds() == ["doubled"]


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "kicked", "reserves": 1},
        {"reason": "none", "reserves": 1},
        {"reason": "closed", "reserves": 2},
        {"reason": "closed", "reserves": 0},
        {"reason": "closed", "reserves": 1, "timeouts": 1},
    ],
)
def test_an_account_of_a_redelivery_that_is_not_what_happened_is_doubled(
    script, fields
):
    script.put(1)
    script.reserve(1, on=2)
    script.end(2)
    script.stats(1, **fields)
    assert script.kinds() == ["doubled"]


def test_a_redelivery_is_explained_by_a_closed_connection(script):
    script.put(1)
    script.reserve(1, on=2)
    script.end(2)
    script.stats(1, reserves=1, reason="closed")
    script.reserve(1)
    verdict = script.verdict()
    assert (verdict.violations, verdict.redelivered) == ([], {"closed": 1})


def test_a_redelivery_is_explained_by_the_ttr(script):
    script.put(1)
    script.reserve(1, on=2)
    script.wait(60)
    script.stats(1, reserves=1, timeouts=1, reason="ttr")
    script.reserve(1)
    verdict = script.verdict()
    assert (verdict.violations, verdict.redelivered) == ([], {"ttr": 1})


def test_a_redelivery_is_explained_by_a_release_or_a_kick(script):
    bury(script)
    script.say(2, "kick-job", "KICKED", id=1)
    script.reserve(1)
    script.say(1, "release", "RELEASED", id=1, pri=5, delay=0)
    script.reserve(1)
    verdict = script.verdict()
    assert (verdict.violations, verdict.redelivered) == (
        [],
        {"kicked": 1, "client": 1},
    )


def test_a_redelivery_is_explained_by_a_restart(script):
    script.put(1)
    script.reserve(1)
    script.life()
    script.stats(1, reserves=1, reason="restart")
    script.reserve(1)
    verdict = script.verdict()
    assert (verdict.violations, verdict.redelivered) == ([], {"restart": 1})


def test_a_redelivery_of_what_a_crash_forgot_counts_as_by_restart(script):
    script.put(1)
    script.reserve(1)
    script.life()
    script.stats(1, reserves=0, reason="none")
    script.reserve(1)
    verdict = script.verdict()
    assert (verdict.violations, verdict.redelivered) == ([], {"restart": 1})


def test_a_crash_may_forget_that_a_job_was_held_but_adds_nothing(script):
    script.put(1)
    script.reserve(1)
    script.life()
    script.stats(1, reserves=0, reason="none")
    script.life()
    script.stats(1, reserves=2, reason="restart")
    assert script.kinds() == ["doubled"]


def test_a_crash_forgets_nothing_that_a_later_release_made_durable(script):
    script.reply(release(script, pri=5, delay=0), "RELEASED")
    script.life()
    script.stats(1, releases=1, reserves=0, reason="client")
    assert script.kinds() == ["doubled"]


def test_a_ttr_may_run_out_while_the_server_is_down(script):
    """Then it counts as a restart: nobody was there to see the ttr run out."""
    script.put(1)
    script.reserve(1)
    script.wait(61)
    script.life()
    script.stats(1, reserves=1, timeouts=0, reason="restart")
    assert script.kinds() == []


def test_a_ttr_that_had_not_run_out_explains_nothing_after_a_crash(script):
    script.put(1)
    script.reserve(1)
    script.wait(20)
    script.life()
    script.stats(1, reserves=1, timeouts=1, reason="ttr")
    assert script.kinds() == ["doubled"]


# exclusion


def test_a_second_holder_without_a_reason_breaks_exclusion(script):
    script.put(1)
    script.reserve(1, on=1)
    script.reserve(1, on=2)
    assert script.kinds() == ["exclusion"]


def test_a_second_holder_in_the_time_that_a_touch_gave_breaks_exclusion(script):
    script.put(1)
    script.reserve(1, on=1)
    script.wait(50)
    script.say(1, "touch", "TOUCHED", id=1)
    script.wait(20)
    script.reserve(1, on=2)
    assert script.kinds() == ["exclusion"]


def test_a_touch_without_a_reply_may_have_given_time_or_not(script):
    script.put(1)
    script.reserve(1, on=1)
    script.wait(50)
    script.call(1, "touch", id=1)
    script.wait(20)
    script.reserve(1, on=2)
    assert script.kinds() == []


@pytest.mark.parametrize(
    ("verb", "answer"),
    [("release", "RELEASED"), ("bury", "BURIED"), ("touch", "TOUCHED")],
)
def test_who_does_not_hold_a_job_can_do_nothing_with_it(script, verb, answer):
    script.put(1)
    script.reserve(1, on=1)
    script.say(2, verb, answer, id=1, pri=5)
    assert script.kinds() == ["exclusion"]


def test_nobody_deletes_a_job_that_another_holds(script):
    script.put(1)
    script.reserve(1, on=1)
    script.delete(1, on=2)
    assert script.kinds() == ["exclusion"]


def test_a_holder_that_is_told_it_holds_nothing_was_robbed(script):
    script.put(1)
    script.reserve(1)
    script.say(1, "release", "NOT_FOUND", id=1, pri=5)
    script.peek(1)
    assert script.kinds() == ["exclusion"]


def test_no_connection_holds_a_job_through_a_crash(script):
    script.put(1)
    script.reserve(1, on=1)
    script.life()
    script.reserve(1, on=2)
    assert script.kinds() == []


def test_what_a_half_closed_connection_held_is_free_before_all_is_heard(script):
    script.put(1)
    script.reserve(1, on=1)
    peek = script.call(1, "peek", id=99)
    script.half(1)
    script.reserve(1, on=2)
    script.reply(peek, "NOT_FOUND")
    script.end(1, by="server")
    assert script.kinds() == []


def test_what_a_connection_holds_is_not_free_before_it_says_its_last(script):
    script.put(1)
    script.reserve(1, on=1)
    peek = script.call(1, "peek", id=99)
    script.reserve(1, on=2)
    script.half(1)
    script.reply(peek, "NOT_FOUND")
    script.end(1, by="server")
    assert script.kinds() == ["exclusion"]


def test_who_reserves_while_another_releases_may_be_first_or_second(script):
    script.put(1)
    script.reserve(1, on=1)
    reserve = script.call(2, "reserve")
    script.say(1, "release", "RELEASED", id=1, pri=5)
    script.reply(reserve, "RESERVED 1 2")
    assert script.kinds() == []


def test_commands_of_one_connection_have_their_effect_in_order(script):
    """The touch was sent first, so the release cannot have come before it."""
    script.put(1)
    script.reserve(1)
    touch = script.call(1, "touch", id=1)
    release = script.call(1, "release", id=1, pri=5, delay=0)
    script.reply(touch, "NOT_FOUND")
    script.reply(release, "RELEASED")
    assert script.kinds() == ["exclusion"]


# reused, order


def test_an_id_that_is_given_twice_is_reused(script):
    script.put(1)
    script.delete(1)
    script.life()
    script.put(1)
    assert script.kinds() == ["reused"]


def test_an_id_that_was_only_seen_is_not_given_again(script):
    script.call(1, "put", body=b"perhaps")
    script.life()
    script.peek(1, body=b"perhaps")
    script.put(1)
    assert script.kinds() == ["reused"]


def test_ids_that_go_back_are_out_of_order(script):
    script.put(5)
    script.life()
    script.put(4)
    assert script.kinds() == ["order"]


def test_an_id_that_was_only_asked_for_was_given_to_nobody(script):
    script.call(1, "delete", id=99)
    script.delete(98, "NOT_FOUND", on=2)
    script.life()
    script.put(1)
    assert script.kinds() == []


def test_puts_that_overlap_get_ids_in_any_order(script):
    first = script.call(1, "put")
    second = script.call(2, "put")
    script.reply(first, "INSERTED 2")
    script.reply(second, "INSERTED 1")
    assert script.kinds() == []


def test_two_recorders_histories_are_judged_as_one(tmp_path):
    one, other = Script(tmp_path, "one"), Script(tmp_path, "other")
    one.put(1)
    other.wait(1)
    other.delete(1)
    both = check(read_history(one.write(), other.write()))
    assert both.violations == []
    one.wait(2)
    one.peek(1)
    both = check(read_history(one.write(), other.write()))
    assert [violation.kind for violation in both.violations] == ["returned"]
