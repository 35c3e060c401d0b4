"""What one command, time or a crash makes of what is believed of a job."""

from __future__ import annotations

import pytest

from penstock.testing.beliefs import (
    BURIED,
    DELAYED,
    GONE,
    READY,
    RESERVED,
    SECOND,
    Belief,
    Facts,
    apply,
    crashed,
    differences,
    in_time,
    is_overdue,
)
from penstock.testing.history import Ending, Operation

FACTS = Facts(7, "t", 60, 1, "d")
NONE = frozenset(("none",))
CLIENT = frozenset(("client",))


def asked(verb, *words, called=100 * SECOND, on=1, **more):
    """A command that took a second."""
    answered = {"answered": called + SECOND, "words": words} if words else {}
    return Operation(3, on, 1, verb, called, id=7, **answered, **more)


def after(belief, operation):
    """The belief after a command, without the note that it is done."""
    new = apply(belief, operation, FACTS)
    return new and new._replace(done=frozenset())


ready = Belief(READY, pri=5)
held = Belief(RESERVED, pri=5, holder=1, reserves=(1, 1), past=NONE)
buried = Belief(BURIED, pri=5, buries=1, reasons=CLIENT)
delayed = Belief(DELAYED, pri=5, delay=9, early=0, late=SECOND)
gone = Belief(GONE)


def test_a_put_makes_a_job():
    put = asked("put", "INSERTED", "7", pri=3, delay=2)
    new = after(Belief(), put)
    assert (new.stage, new.pri, new.delay) == (DELAYED, 3, 2)
    assert (new.early, new.late) == (102 * SECOND, 103 * SECOND)
    assert after(ready, put) is None
    assert after(Belief(), asked("put", "INSERTED", "7")).stage == READY


def test_only_a_ready_job_is_reserved():
    reserve = asked("reserve", "RESERVED", "7", "1", on=4)
    new = after(ready, reserve)
    assert (new.stage, new.holder, new.reserves) == (RESERVED, 4, (1, 1))
    assert (new.early, new.late) == (160 * SECOND, 161 * SECOND)
    assert [after(b, reserve) for b in (held, buried, gone, Belief())] == [None] * 4


@pytest.mark.parametrize(
    ("verb", "answer", "stage"),
    [
        ("release", "RELEASED", READY),
        ("bury", "BURIED", BURIED),
        ("touch", "TOUCHED", RESERVED),
        ("delete", "DELETED", GONE),
    ],
)
def test_the_holder_may_do_what_others_may_not(verb, answer, stage):
    command = asked(verb, answer)
    assert after(held, command).stage == stage
    assert after(held._replace(holder=2), command) is None
    assert after(held._replace(holder=2), asked(verb, "NOT_FOUND")) is not None
    assert after(held, asked(verb, "NOT_FOUND")) is None


def test_anybody_deletes_what_nobody_holds():
    delete = asked("delete", "DELETED")
    assert {after(b, delete).stage for b in (ready, buried)} == {GONE}
    assert after(gone, delete) is None


def test_a_release_sets_pri_and_delay_and_counts():
    new = after(held, asked("release", "RELEASED", pri=9, delay=4))
    assert (new.stage, new.pri, new.delay, new.releases) == (DELAYED, 9, 4, 1)
    assert (new.holder, new.reasons, new.kept) == (0, CLIENT, (1, 0))


def test_a_kick_frees_buried_and_delayed_jobs():
    kick = asked("kick-job", "KICKED", called=0)
    assert {after(b, kick).stage for b in (buried, delayed)} == {READY}
    assert [after(b, kick) for b in (ready, held, gone)] == [None] * 3


@pytest.mark.parametrize(
    ("verb", "found"),
    [
        ("peek", {READY, RESERVED, BURIED}),
        ("peek-ready", {READY}),
        ("peek-buried", {BURIED}),
    ],
)
def test_a_peek_finds_what_it_is_for(verb, found):
    peek = asked(verb, "FOUND", "7", "1")
    stages = {b.stage for b in (ready, held, buried, gone) if after(b, peek)}
    assert stages == found


def test_a_command_without_an_answer_does_what_it_can():
    assert after(ready, asked("delete")) == ready._replace(
        stage=GONE, by=3, kept=(0, 0)
    )
    assert after(gone, asked("delete")) == gone
    assert after(ready, asked("release")) == ready


def test_a_refused_command_changes_nothing():
    assert after(held, asked("release", "OUT_OF_MEMORY", pri=9)) == held


def test_time_ends_a_delay_and_a_ttr_but_not_early():
    late = delayed._replace(early=50 * SECOND)
    assert list(in_time(late, 49 * SECOND, None)) == []
    assert [b.stage for b in in_time(late, 50 * SECOND, None)] == [READY]
    held_until = held._replace(early=50 * SECOND)
    assert list(in_time(held_until, 49 * SECOND, None)) == []
    (new,) = in_time(held_until, 50 * SECOND, None)
    assert (new.stage, new.timeouts, set(new.reasons)) == (READY, (1, 1), {"ttr"})


def test_a_closed_connection_holds_nothing():
    holds = held._replace(early=1000 * SECOND)
    ending = Ending(1, 10 * SECOND, 12 * SECOND)
    assert list(in_time(holds, 9 * SECOND, ending)) == []
    (new,) = in_time(holds, 10 * SECOND, ending)
    assert (new.stage, set(new.reasons)) == (READY, {"closed"})


def test_what_time_must_have_changed_is_overdue():
    assert not is_overdue(delayed, 5 * SECOND)
    assert is_overdue(delayed, 7 * SECOND)
    assert not is_overdue(ready, 7 * SECOND)
    assert after(delayed, asked("peek-delayed", "FOUND", "7", "1")) is None


def test_a_crash_frees_what_was_held_and_may_forget_it():
    new = crashed(held)
    assert (new.stage, new.holder, new.reserves) == (READY, 0, (0, 1))
    assert new.reasons == {"none", "restart"}
    assert crashed(crashed(held)) == new


def test_a_crash_keeps_everything_else():
    for belief in (ready, buried, delayed, gone):
        assert crashed(belief) == belief


def test_statistics_are_compared_field_by_field():
    fields = {
        "id": "7",
        "tube": "t",
        "state": "reserved",
        "pri": "5",
        "delay": "0",
        "ttr": "60",
        "time-left": "30",
        "reserves": "1",
        "timeouts": "0",
        "releases": "0",
        "buries": "0",
        "kicks": "0",
        "reason": "none",
    }
    stats = asked("stats-job", "OK", "9", fields=fields)
    belief = held._replace(early=131 * SECOND, late=132 * SECOND)
    assert differences(belief, stats, FACTS) == []
    for name, value in fields.items():
        wrong = {**fields, name: "40" if name == "time-left" else value + "9"}
        other = asked("stats-job", "OK", "9", fields=wrong)
        assert differences(belief, other, FACTS) == [name]


def test_statistics_of_another_server_have_no_reason():
    fields = dict.fromkeys(("reserves", "timeouts", "releases", "buries"), "0")
    fields |= {"id": "7", "tube": "t", "state": "ready", "pri": "5", "delay": "0"}
    fields |= {"ttr": "60", "kicks": "0"}
    stats = asked("stats-job", "OK", "9", fields=fields)
    assert differences(ready, stats, FACTS) == []
    assert after(ready, stats).reasons == NONE
