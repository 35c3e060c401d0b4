"""The codec: every event's fields, and whether a reply waits for it."""

import pytest

from penstock.core import kinds
from penstock.core.events import Batch
from tests.core.story import attribute, decode

BIG = 2**64 - 1
JOB_TAG = attribute(kinds.FIRST_JOB_TAG, b"text/plain")

# For each kind: how it is staged, its fields, its attributes, and whether it is hard.
TABLE = {
    "put": (
        lambda b: b.put(BIG, b"mail", 7, 1, 2, 3, 4, JOB_TAG, b"body"),
        kinds.PUT,
        {
            "id": BIG,
            "pri": 7,
            "created": 1,
            "delay": 2,
            "due": 3,
            "ttr": 4,
            "tube": b"mail",
        },
        [(kinds.FIRST_JOB_TAG, b"text/plain"), (kinds.TAG_BODY, b"body")],
        True,
    ),
    "reserve": (
        lambda b: b.reserve(1, 2, None),
        kinds.RESERVE,
        {"id": 1, "until": 2},
        [],
        False,
    ),
    "reserve by a lease": (
        lambda b: b.reserve(1, BIG, b"token"),
        kinds.RESERVE,
        {"id": 1, "until": BIG},
        [(kinds.TAG_TOKEN, b"token")],
        True,
    ),
    "touch": (
        lambda b: b.touch(1, 2, None),
        kinds.TOUCH,
        {"id": 1, "until": 2},
        [],
        False,
    ),
    "touch by a lease": (
        lambda b: b.touch(1, 2, b"token"),
        kinds.TOUCH,
        {"id": 1, "until": 2},
        [(kinds.TAG_TOKEN, b"token")],
        True,
    ),
    "return": (
        lambda b: b.give_back(1, 2, False),
        kinds.RETURN,
        {"id": 1, "reason": 2},
        [],
        False,
    ),
    "return from a lease": (
        lambda b: b.give_back(1, 2, True),
        kinds.RETURN,
        {"id": 1, "reason": 2},
        [],
        True,
    ),
    "release": (
        lambda b: b.release(1, 2**32 - 1, 3, BIG),
        kinds.RELEASE,
        {"id": 1, "pri": 2**32 - 1, "delay": 3, "due": BIG},
        [],
        True,
    ),
    "bury": (
        lambda b: b.bury(1, 2, 3, 4),
        kinds.BURY,
        {"id": 1, "pri": 2, "reason": 3, "place": 4},
        [],
        True,
    ),
    "kick": (lambda b: b.kick([1, BIG]), kinds.KICK, {"ids": [1, BIG]}, [], True),
    "kick of the most": (
        lambda b: b.kick(list(range(1000))),
        kinds.KICK,
        {"ids": list(range(1000))},
        [],
        True,
    ),
    "hold": (
        lambda b: b.hold(1, b"waits for 7"),
        kinds.HOLD,
        {"id": 1},
        [(kinds.TAG_REASON, b"waits for 7")],
        True,
    ),
    "free": (lambda b: b.free(1, 2), kinds.FREE, {"id": 1, "due": 2}, [], True),
    "change": (
        lambda b: b.change(1, 15, b"mail", 2, 3, JOB_TAG),
        kinds.CHANGE,
        {"id": 1, "mask": 15, "pri": 2, "due": 3, "tube": b"mail"},
        [(kinds.FIRST_JOB_TAG, b"text/plain")],
        True,
    ),
    "delete": (
        lambda b: b.delete(1, 2),
        kinds.DELETE,
        {"id": 1, "reason": 2},
        [],
        True,
    ),
    "clear": (
        lambda b: b.clear_tube(b"mail", 0b10, 99, 5),
        kinds.CLEAR,
        {"states": 2, "up_to": 99, "now": 5, "tube": b"mail"},
        [],
        True,
    ),
    "pause": (
        lambda b: b.pause(kinds.PAUSE, b"mail", 1, 2),
        kinds.PAUSE,
        {"length": 1, "until": 2, "tube": b"mail"},
        [],
        True,
    ),
    "a hard note": (
        lambda b: b.note(1, b"result", b"42", True),
        kinds.NOTE,
        {"id": 1, "namespace": b"result"},
        [(kinds.TAG_VALUE, b"42")],
        True,
    ),
    "a soft note": (
        lambda b: b.note(1, b"progress", b"", False),
        kinds.NOTE,
        {"id": 1, "namespace": b"progress"},
        [(kinds.TAG_VALUE, b"")],
        False,
    ),
    "set": (
        lambda b: b.set(kinds.SET, b"plan", b"key", b"value", 9),
        kinds.SET,
        {"expires": 9, "namespace": b"plan"},
        [(kinds.TAG_KEY, b"key"), (kinds.TAG_VALUE, b"value")],
        True,
    ),
    "unset": (
        lambda b: b.unset(b"plan", b"key"),
        kinds.UNSET,
        {"namespace": b"plan"},
        [(kinds.TAG_KEY, b"key")],
        True,
    ),
    "boot": (
        lambda b: b.boot(True, 5, b"0.3.0"),
        kinds.BOOT,
        {"clean": 1, "downtime": 5},
        [(kinds.TAG_VALUE, b"0.3.0")],
        True,
    ),
    "seal": (lambda b: b.seal(), kinds.SEAL, {}, [], False),
}


@pytest.fixture
def batch():
    batch = Batch()
    batch.clear(1)
    return batch


@pytest.mark.parametrize("name", TABLE)
def test_an_event_has_its_fields_and_its_hardness(batch, name):
    stage, kind, fields, attributes, is_hard = TABLE[name]
    stage(batch)
    (event,) = decode(batch.payload())
    assert (event.kind, event.fields, event.attributes) == (kind, fields, attributes)
    assert (batch.hard, batch.count) == (is_hard, 1)


def test_every_kind_but_images_is_in_the_table():
    named = {row[1] for row in TABLE.values()}
    images = {kinds.JOB_IMAGE, kinds.SET_IMAGE, kinds.PAUSE_IMAGE}
    assert named | images == set(range(kinds.PUT, kinds.SEAL + 1))


def test_events_follow_each_other(batch):
    for name in TABLE:
        TABLE[name][0](batch)
    assert batch.count == len(TABLE)
    assert [e.kind for e in decode(batch.payload())] == [r[1] for r in TABLE.values()]


def test_a_soft_event_does_not_soften_a_batch(batch):
    batch.delete(1, 1)
    batch.reserve(2, 3, None)
    assert batch.hard


def test_a_cleared_batch_is_empty_and_soft_under_its_new_number(batch):
    batch.put(1, b"a", 0, 0, 0, 0, 1, b"", b"x" * 3_000_000)
    assert batch.size() > 3_000_000
    batch.clear(2)
    assert (batch.seq, batch.count, batch.hard) == (2, 0, False)
    assert batch.payload() == b""
    batch.seal()
    assert len(decode(batch.payload())) == 1


def test_the_longest_names_fit(batch):
    name = b"n" * 200
    batch.put(1, name, 0, 0, 0, 0, 1, b"", b"")
    batch.change(1, 1, name, 0, 0, b"")
    batch.pause(kinds.PAUSE, name, 0, 0)
    assert [event["tube"] for event in decode(batch.payload())] == [name] * 3
