"""Events keep their fields, and whatever bytes come instead are refused as such."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.core import kinds
from penstock.core.events import Batch
from penstock.core.replay import Replay
from penstock.core.store import Store
from penstock.errors import FormatError, NewerFormat
from tests.core.story import LAYOUTS, attribute, decode
from tests.property.random_run import RandomRun
from tests.property.recorded import image, replay
from tests.property.recount import recount_store

U32, U64 = 2**32 - 1, 2**64 - 1
u8s = st.integers(0, 255)
u32s = st.integers(0, U32)
u64s = st.integers(0, U64) | st.sampled_from([0, 1, 2**32, 2**53, 2**63, U64])
strings = st.binary(max_size=255)
blobs = st.binary(max_size=300)
tokens = st.none() | blobs
attributes = st.builds(attribute, st.integers(16, 31) | st.integers(128, 255), blobs)
NUMBERS = {"Q": u64s, "I": u32s, "B": u8s, "s": strings, "*": st.lists(u64s)}


def fixed(kind: int) -> st.SearchStrategy[dict[str, object]]:
    """Values of a kind's fixed fields, in the order in which they are written."""
    parts = [part.split(":") for part in LAYOUTS[kind].split()]
    values = st.tuples(*(NUMBERS[form] for _, form in parts))
    names = [name for name, _ in parts]
    return values.map(lambda given: dict(zip(names, given, strict=True)))


# How each event is written, and which attributes it then has beside its fields.
WRITERS: dict[int, tuple[Callable[..., None], tuple[Any, ...]]] = {
    kinds.PUT: (Batch.put, (attributes, blobs)),
    kinds.RESERVE: (Batch.reserve, (tokens,)),
    kinds.TOUCH: (Batch.touch, (tokens,)),
    kinds.RELEASE: (Batch.release, ()),
    kinds.BURY: (Batch.bury, ()),
    kinds.KICK: (Batch.kick, ()),
    kinds.HOLD: (Batch.hold, (blobs,)),
    kinds.FREE: (Batch.free, ()),
    kinds.CHANGE: (Batch.change, (attributes,)),
    kinds.DELETE: (Batch.delete, ()),
    kinds.UNSET: (Batch.unset, (blobs,)),
    kinds.SEAL: (Batch.seal, ()),
}
TAGS = {
    kinds.RESERVE: (kinds.TAG_TOKEN,),
    kinds.TOUCH: (kinds.TAG_TOKEN,),
    kinds.HOLD: (kinds.TAG_REASON,),
    kinds.UNSET: (kinds.TAG_KEY,),
}


@pytest.mark.parametrize("kind", WRITERS)
@given(data=st.data())
def test_every_field_of_an_event_survives(kind, data):
    write, extra = WRITERS[kind]
    fields = data.draw(fixed(kind))
    given_attributes = [data.draw(each) for each in extra]
    batch = Batch()
    if kind == kinds.PUT:  # the tube stands between the id and the numbers
        id, *numbers, tube = fields.values()
        write(batch, id, tube, *numbers, *given_attributes)
    elif kind == kinds.CHANGE:
        id, mask, pri, due, tube = fields.values()
        write(batch, id, mask, tube, pri, due, *given_attributes)
    else:
        write(batch, *fields.values(), *given_attributes)
    [event] = decode(batch.payload())
    assert (event.kind, event.fields) == (kind, fields)
    assert event.attributes == expected(kind, given_attributes)


def expected(kind, given_attributes):
    """The attributes that should have been written."""
    if kind == kinds.PUT:
        mine, body = given_attributes
        return [(mine[0], mine[5:]), (kinds.TAG_BODY, body)]
    if kind == kinds.CHANGE:
        [mine] = given_attributes
        return [(mine[0], mine[5:])]
    values = zip(TAGS.get(kind, ()), given_attributes, strict=True)
    return [(tag, value) for tag, value in values if value is not None]


@given(id=u64s, reason=u8s, leased=st.booleans())
def test_a_return_keeps_its_reason(id, reason, leased):
    batch = Batch()
    batch.give_back(id, reason, leased)
    [event] = decode(batch.payload())
    assert event.fields == {"id": id, "reason": reason}
    assert batch.hard == leased


@given(tube=strings, numbers=st.tuples(u64s, u64s), states=u8s)
def test_events_about_tubes_keep_their_fields(tube, numbers, states):
    batch = Batch()
    batch.pause(kinds.PAUSE_IMAGE, tube, *numbers)
    batch.clear_tube(tube, states, *numbers)
    paused, cleared = decode(batch.payload())
    assert paused.kind == kinds.PAUSE_IMAGE
    length, until = numbers
    assert paused.fields == {"length": length, "until": until, "tube": tube}
    expected_fields = {"states": states, "up_to": length, "now": until, "tube": tube}
    assert cleared.fields == expected_fields


@given(space=strings, key=blobs, value=blobs, expires=u64s, hard=st.booleans())
def test_notes_and_records_keep_their_bytes(space, key, value, expires, hard):
    batch = Batch()
    batch.set(kinds.SET_IMAGE, space, key, value, expires)
    batch.note(expires, space, value, hard)
    record, note = decode(batch.payload())
    assert record.fields == {"expires": expires, "namespace": space}
    assert record.attributes == [(kinds.TAG_KEY, key), (kinds.TAG_VALUE, value)]
    assert note.fields == {"id": expires, "namespace": space}
    assert note.attributes == [(kinds.TAG_VALUE, value)]


# Bytes that nobody wrote.


def recorded(seed: int, count: int) -> list[bytes]:
    run = RandomRun(seed)
    run.run(count)
    return [*run.talk.recorded(), image(run.engine.store)]


PAYLOADS = [payload for payload in recorded(1, 300) if len(payload) < 4000]
pieces = st.sampled_from(PAYLOADS) | st.binary(max_size=40)


def event(kind: int, content: bytes) -> bytes:
    return attribute(kind, content)  # the same form: a byte, a length, the content


def check_bytes(content: bytes) -> None:
    """Replay bytes: they are refused, or leave a store that is in order."""
    store = Store()
    try:
        Replay(store).apply(content)
    except FormatError:
        return
    recount_store(store)
    once = image(replay([content], U32))
    assert image(replay([once], U32)) == once


@given(content=st.binary(max_size=400))
@example(content=event(kinds.JOB_IMAGE, b"\xff" * 80))
@example(content=event(kinds.KICK, b"1234567"))
def test_any_bytes_are_read_or_refused(content):
    check_bytes(content)


@given(parts=st.lists(pieces, min_size=1, max_size=4), data=st.data())
def test_damaged_batches_are_read_or_refused(parts, data):
    content = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] = data.draw(u8s)
    check_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))


@given(kind=st.sampled_from(sorted(LAYOUTS)), content=st.binary(max_size=120))
def test_events_of_known_kinds_are_read_or_refused(kind, content):
    check_bytes(event(kind, content))
    check_bytes(PAYLOADS[-1] + event(kind, content))


# Later releases.


def put(extra: bytes) -> bytes:
    batch = Batch()
    batch.put(1, b"default", 0, 0, 0, 0, 1, extra, b"body")
    return batch.payload()


@given(kind=st.integers(128, 255), content=blobs)
def test_kinds_from_128_up_are_passed_over(kind, content):
    around = put(b"")
    assert image(replay([event(kind, content) + around], 0)) == image(
        replay([around], 0)
    )


@given(kind=st.sampled_from(sorted(set(range(128)) - set(LAYOUTS))), content=blobs)
def test_kinds_below_128_that_are_unknown_are_of_a_newer_format(kind, content):
    with pytest.raises(NewerFormat):
        Replay(Store()).apply(event(kind, content))


@given(tag=st.integers(128, 255), content=blobs)
def test_tags_from_128_up_are_kept_in_images(tag, content):
    snapshot = image(replay([put(attribute(tag, content))], 0))
    [job] = decode(snapshot)
    assert (tag, content) in job.attributes
    assert image(replay([snapshot], 0)) == snapshot


@given(tag=st.integers(32, 127) | st.integers(7, 15), content=blobs)
def test_tags_below_128_that_are_unknown_are_of_a_newer_format(tag, content):
    with pytest.raises(NewerFormat):
        Replay(Store()).apply(put(attribute(tag, content)))


# Job 1, or a tube without a name; a bury's place is 1, a clear goes up to id 1.
FIXED_ONLY = {
    kinds.TOUCH: struct.pack("<QQ", 1, 0),
    kinds.RETURN: struct.pack("<QB", 1, 0),
    kinds.RELEASE: struct.pack("<QIQQ", 1, 0, 0, 0),
    kinds.BURY: struct.pack("<QIBQ", 1, 0, 0, 1),
    kinds.DELETE: struct.pack("<QB", 1, 0),
    kinds.FREE: struct.pack("<QQ", 1, 0),
    kinds.PAUSE: struct.pack("<QQB", 0, 0, 0),
    kinds.CLEAR: struct.pack("<BQQB", 0, 1, 0, 0),
    kinds.BOOT: struct.pack("<BQ", 0, 0),
}


@pytest.mark.parametrize("kind", FIXED_ONLY)
def test_unknown_tags_behind_events_without_any_are_of_a_newer_format(kind):
    fields = FIXED_ONLY[kind]
    Replay(Store()).apply(put(b"") + event(kind, fields))
    longer = event(kind, fields + attribute(100, b""))
    with pytest.raises(NewerFormat):
        Replay(Store()).apply(put(b"") + longer)


def test_what_no_release_writes_is_refused():
    reserved = Batch()
    reserved.reserve(1, 5, None)
    changed = Batch()
    changed.change(1, kinds.CHANGE_PRI, b"a", 0, 0, b"")
    with pytest.raises(FormatError):
        Replay(Store()).apply(put(b"") + reserved.payload() + changed.payload())
