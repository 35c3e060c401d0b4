"""Events as dictionaries: every kind, every field, and no secret."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import kinds
from penstock.core.commands import Note
from penstock.core.describe import EVENTS, describe, text_of
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.job import BY_EXPIRY, BY_POLICY, BY_TTR
from penstock.errors import FormatError, NewerFormat
from tests.core.story import SECOND, attribute

BIG = 2**64 - 1
JOB_TAG = attribute(kinds.FIRST_JOB_TAG, b"text/plain")
FUTURE_TAG = attribute(200, b"\xff")

# For each kind: how it is staged, and what is told of it.
TABLE: dict[str, tuple[Callable[[Batch], None], dict[str, Any]]] = {
    "put": (
        lambda b: b.put(BIG, b"mail", 7, 1, 2, 3, 4, JOB_TAG + FUTURE_TAG, b"body"),
        {
            "kind": "put",
            "id": BIG,
            "pri": 7,
            "created": 1,
            "delay": 2,
            "due": 3,
            "ttr": 4,
            "tube": "mail",
            "body": "body",
            "attributes": [
                {"tag": 16, "value": "text/plain"},
                {"tag": 200, "value": {"base64": "/w=="}},
            ],
        },
    ),
    "put of bytes that are no text": (
        lambda b: b.put(1, b"mail", 0, 0, 0, 0, 1, b"", b"\xff\x00"),
        {
            "kind": "put",
            "id": 1,
            "pri": 0,
            "created": 0,
            "delay": 0,
            "due": 0,
            "ttr": 1,
            "tube": "mail",
            "body": {"base64": "/wA="},
        },
    ),
    "reserve": (
        lambda b: b.reserve(1, 2, None),
        {"kind": "reserve", "id": 1, "until": 2},
    ),
    "reserve by a lease": (
        lambda b: b.reserve(1, BIG, b"secret"),
        {"kind": "reserve", "id": 1, "until": BIG, "lease": True},
    ),
    "touch": (lambda b: b.touch(1, 2, None), {"kind": "touch", "id": 1, "until": 2}),
    "return": (
        lambda b: b.give_back(1, BY_TTR, False),
        {"kind": "return", "id": 1, "reason": "ttr"},
    ),
    "release": (
        lambda b: b.release(1, 2**32 - 1, 3, BIG),
        {"kind": "release", "id": 1, "pri": 2**32 - 1, "delay": 3, "due": BIG},
    ),
    "bury": (
        lambda b: b.bury(1, 2, BY_POLICY, 4),
        {"kind": "bury", "id": 1, "pri": 2, "reason": "policy", "place": 4},
    ),
    "kick": (lambda b: b.kick([1, BIG]), {"kind": "kick", "ids": [1, BIG]}),
    "hold": (
        lambda b: b.hold(1, b"waits for 7"),
        {"kind": "hold", "id": 1, "hold_reason": "waits for 7"},
    ),
    "free": (lambda b: b.free(1, 2), {"kind": "free", "id": 1, "due": 2}),
    "change of all": (
        lambda b: b.change(1, 15, b"mail", 2, 3, b""),
        {
            "kind": "change",
            "id": 1,
            "changed": ["tube", "pri", "due", "attributes"],
            "tube": "mail",
            "pri": 2,
            "due": 3,
            "attributes": [],
        },
    ),
    "change of pri": (
        lambda b: b.change(1, kinds.CHANGE_PRI, b"mail", 2, 3, b""),
        {"kind": "change", "id": 1, "changed": ["pri"], "pri": 2},
    ),
    "change of attributes": (
        lambda b: b.change(1, kinds.CHANGE_ATTRIBUTES, b"", 0, 0, JOB_TAG),
        {
            "kind": "change",
            "id": 1,
            "changed": ["attributes"],
            "attributes": [{"tag": 16, "value": "text/plain"}],
        },
    ),
    "delete": (
        lambda b: b.delete(1, BY_EXPIRY),
        {"kind": "delete", "id": 1, "reason": "expired"},
    ),
    "clear": (
        lambda b: b.clear_tube(b"mail", 0b101010, 99, 5),
        {
            "kind": "clear",
            "states": ["ready", "delayed", "held"],
            "up_to": 99,
            "now": 5,
            "tube": "mail",
        },
    ),
    "pause": (
        lambda b: b.pause(kinds.PAUSE, b"mail", 1, 2),
        {"kind": "pause", "length": 1, "until": 2, "tube": "mail"},
    ),
    "pause image": (
        lambda b: b.pause(kinds.PAUSE_IMAGE, b"mail", 1, 2),
        {"kind": "pause_image", "length": 1, "until": 2, "tube": "mail"},
    ),
    "note": (
        lambda b: b.note(1, b"result", b"42", True),
        {"kind": "note", "id": 1, "namespace": "result", "value": "42"},
    ),
    "note taken away": (
        lambda b: b.note(1, b"result", b"", True),
        {"kind": "note", "id": 1, "namespace": "result", "value": ""},
    ),
    "set": (
        lambda b: b.set(kinds.SET, b"plan", b"key", b"\xff", 9),
        {
            "kind": "set",
            "expires": 9,
            "namespace": "plan",
            "key": "key",
            "value": {"base64": "/w=="},
        },
    ),
    "set image": (
        lambda b: b.set(kinds.SET_IMAGE, b"plan", b"key", b"value", 0),
        {
            "kind": "set_image",
            "expires": 0,
            "namespace": "plan",
            "key": "key",
            "value": "value",
        },
    ),
    "unset": (
        lambda b: b.unset(b"plan", b"key"),
        {"kind": "unset", "namespace": "plan", "key": "key"},
    ),
    "boot": (
        lambda b: b.boot(True, 5, b"0.3.0"),
        {"kind": "boot", "clean": True, "downtime": 5, "version": "0.3.0"},
    ),
    "boot after a crash": (
        lambda b: b.boot(False, 0, b"0.3.0"),
        {"kind": "boot", "clean": False, "downtime": 0, "version": "0.3.0"},
    ),
    "seal": (lambda b: b.seal(), {"kind": "seal"}),
}


def event(kind, content=b""):
    return struct.pack("<BI", kind, len(content)) + content


@pytest.mark.parametrize("name", TABLE)
def test_an_event_is_told_with_its_fields(name):
    stage, wanted = TABLE[name]
    batch = Batch()
    stage(batch)
    (told,) = describe(batch.payload())
    assert told == wanted
    assert "secret" not in json.dumps(told)


def test_every_kind_is_in_the_table():
    told = {wanted["kind"] for _, wanted in TABLE.values()} | {"job_image"}
    assert told == {row.split()[0] for row in EVENTS.values()}
    assert set(EVENTS) == set(range(kinds.PUT, kinds.SEAL + 1))


def test_events_are_told_in_their_order():
    batch = Batch()
    for stage, _ in TABLE.values():
        stage(batch)
    assert list(describe(batch.payload())) == [wanted for _, wanted in TABLE.values()]


def test_an_image_of_a_job_tells_its_counters_its_notes_and_that_it_is_leased(
    story, client
):
    client.lease = b"secret"
    story.put(client, b"body", pri=7, delay=2, ttr=3, attributes=JOB_TAG)
    story.commit(client, Note(1, b"n", b"v"))
    story.engine.reserve_job(client, 1)
    (told,) = describe(Images(story.engine.store).snapshot())
    assert told == {
        "kind": "job_image",
        "id": 1,
        "pri": 7,
        "created": 0,
        "delay": 2 * SECOND,
        "due": 3 * SECOND,
        "ttr": 3 * SECOND,
        "state": "reserved",
        "reason": "none",
        "reserves": 1,
        "timeouts": 0,
        "releases": 0,
        "buries": 0,
        "kicks": 0,
        "tube": "default",
        "lease": True,
        "body": "body",
        "notes": [{"namespace": "n", "value": "v"}],
        "attributes": [{"tag": 16, "value": "text/plain"}],
    }


def test_what_a_held_job_waits_for_is_in_its_image(story, client):
    story.put(client)
    story.engine.store.apply_hold(story.job(1), b"waits for 7")
    (told,) = describe(Images(story.engine.store).snapshot())
    assert (told["state"], told["hold_reason"]) == ("held", "waits for 7")


def test_what_may_be_passed_over_is_named_and_passed_over():
    told = list(describe(event(200, b"anything") + event(kinds.SEAL)))
    assert told == [{"kind": 200, "skipped": True}, {"kind": "seal"}]


ID = struct.pack("<Q", 1)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (event(22), "event 22"),
        (event(kinds.DELETE, ID + b"\x0b"), "reason 11"),
        (event(kinds.CLEAR, b"\x04" + ID + ID + b"\0"), "bits 0x4"),
        (event(kinds.CHANGE, ID + b"\x10" + bytes(13)), "bits 0x10"),
        (event(kinds.JOB_IMAGE, bytes(44) + b"\x06"), "state 6"),
        (event(kinds.SEAL, attribute(99, b"")), "attribute 99"),
    ],
)
def test_what_a_later_release_wrote_is_no_guess(payload, told):
    with pytest.raises(NewerFormat, match=f"{told} is|are of a later release"):
        list(describe(payload))


def test_an_event_that_is_cut_short_is_refused():
    with pytest.raises(FormatError):
        list(describe(event(kinds.PUT, b"\0")))


@given(st.binary(max_size=100))
def test_any_bytes_have_a_form_that_json_has(content):
    assert json.loads(json.dumps(text_of(content))) == text_of(content)


@given(st.integers(1, 21), st.binary(max_size=80))
def test_any_bytes_are_told_or_refused(kind, content):
    try:
        told = list(describe(event(kind, content)))
    except (FormatError, NewerFormat):
        return
    assert json.loads(json.dumps(told)) == told
