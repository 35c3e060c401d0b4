"""Each reviewed difference forgives what it stands for and nothing more."""

import pytest

from tests.differential.differences import RULES, Replies, explain
from tests.differential.last_steps import LAST_STEPS
from tests.differential.replies import Reply, comparable
from tests.differential.sequences import Step

SEND = Step("send", 1)


def said(*heads: bytes) -> Replies:
    return tuple(Reply(head + b"\r\n") for head in heads)


def fields(*lines: str) -> Replies:
    return (Reply(b"OK, fields", lines),)


ALLOWED = [
    ("quoted names", SEND, fields("name: a", "x: 1"), fields('name: "a"', "x: 1")),
    ("quoted names", SEND, fields("tube: a"), fields('tube: "a"')),
    ("further fields", SEND, fields("x: 1"), fields("x: 1", "current-jobs-held: 0")),
    ("odd timeout", Step("odd timeout"), said(b"TIMED_OUT"), said(b"BAD_FORMAT")),
    ("odd timeout", Step("odd timeout"), (), said(b"BAD_FORMAT")),
    (
        "line of 225",
        Step("line of 225"),
        said(b"BAD_FORMAT"),
        said(b"BAD_FORMAT", b"USING a"),
    ),
    ("bare CR", Step("bare CR"), (), said(b"UNKNOWN_COMMAND")),
    (
        "peek at an upload",
        Step("peek at an upload"),
        (Reply(b"FOUND <3> 9\r\nhal......\r\n"), *fields("id: <3>", "state: invalid")),
        said(b"NOT_FOUND", b"NOT_FOUND"),
    ),
    (
        "put beside an upload",
        Step("put beside an upload"),
        said(b"INSERTED <5>"),
        said(b"INSERTED <4>"),
    ),
    (
        "kick for a waiter",
        Step("kick for a waiter"),
        said(b"RESERVED <4> 0\r\n"),
        said(b"RESERVED <5> 0\r\n"),
    ),
    (
        "delayed in one turn",
        Step("delayed in one turn"),
        said(b"RELEASED", b"RELEASED", b"FOUND <5> 0\r\n"),
        said(b"RELEASED", b"RELEASED", b"FOUND <4> 0\r\n"),
    ),
]
REFUSED = [
    (SEND, fields("name: a"), fields('name: "b"')),
    (SEND, fields("state: a"), fields('state: "a"')),
    (SEND, fields('name: "a"'), fields("name: a")),
    (SEND, fields("x: 1", "y: 2"), fields("x: 1")),
    (SEND, fields("x: 1"), fields("y: 0", "x: 1")),
    (SEND, said(b"TIMED_OUT"), said(b"BAD_FORMAT")),
    (SEND, (), said(b"BAD_FORMAT")),
    (SEND, (), said(b"UNKNOWN_COMMAND")),
    (SEND, said(b"INSERTED <5>"), said(b"INSERTED <4>")),
    (Step("odd timeout"), said(b"BAD_FORMAT"), said(b"TIMED_OUT")),
    (Step("put beside an upload"), said(b"INSERTED <4>"), said(b"INSERTED <5>")),
    (Step("kick for a waiter"), said(b"RESERVED <5> 0"), said(b"RESERVED <4> 0")),
    (Step("line of 225"), said(b"BAD_FORMAT"), said(b"BAD_FORMAT", b"BAD_FORMAT")),
]


@pytest.mark.parametrize(("name", "step", "left", "right"), ALLOWED)
def test_a_reviewed_difference_is_explained(
    name: str, step: Step, left: Replies, right: Replies
) -> None:
    hits = explain(step, left, right)
    assert hits is not None
    assert [rule.name for rule in hits] == [name]


@pytest.mark.parametrize(("step", "left", "right"), REFUSED)
def test_another_difference_is_not(step: Step, left: Replies, right: Replies) -> None:
    assert explain(step, left, right) is None


def test_equal_replies_need_no_rule() -> None:
    assert explain(SEND, said(b"USING a"), said(b"USING a")) == []


def test_every_rule_is_tried_and_every_last_step_has_one() -> None:
    names = {rule.name for rule in RULES}
    assert {name for name, *_ in ALLOWED} == names
    assert {last.kind for last in LAST_STEPS} <= names


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"INSERTED 17\r\n", Reply(b"INSERTED <7>\r\n")),
        (b"RESERVED 12 2\r\n12\r\n", Reply(b"RESERVED <2> 2\r\n12\r\n")),
        (
            b"OK 12\r\n---\n- b\n- a\n\r\n",
            Reply(b"OK, a list", ("- a", "- b")),
        ),
        (
            b"OK 0\r\n---\nid: 13\nstate: ready\nage: 7\ntime-left: 59\n\r\n",
            Reply(
                b"OK, fields",
                ("id: <3>", "state: ready", "age: (not compared)", "time-left: some"),
            ),
        ),
    ],
)
def test_volatile_values_are_not_compared(raw: bytes, shown: Reply) -> None:
    assert comparable(raw, 10) == shown
