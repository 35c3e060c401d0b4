"""Replies on their way out: what goes in comes out, copied or by reference."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.outbox import Outbox

LARGE = b"0123456789abcdef" * 1024


def test_a_small_body_lies_between_what_was_said_around_it():
    outbox = Outbox()
    outbox.add(b"RESERVED ")
    outbox.add_decimal(7)
    outbox.add_body(b"hello")
    assert bytes(outbox) == b"RESERVED 7hello"
    assert len(outbox) == 15


def test_a_large_body_lies_in_its_place():
    outbox = Outbox()
    outbox.add(b"a")
    outbox.add_body(LARGE)
    outbox.add(b"b")
    assert bytes(outbox) == b"a" + LARGE + b"b"
    assert len(outbox) == len(LARGE) + 2


def test_what_was_sent_is_forgotten_in_the_middle_of_a_large_body():
    outbox = Outbox()
    outbox.add(b"ab")
    outbox.add_body(LARGE)
    outbox.add(b"cd")
    outbox.drop(1)
    outbox.drop(1 + 5)
    assert bytes(outbox) == LARGE[5:] + b"cd"
    outbox.drop(len(LARGE) - 5 + 1)
    assert bytes(outbox) == b"d"


def test_large_bodies_may_follow_each_other():
    outbox = Outbox()
    outbox.add_body(LARGE)
    outbox.add_body(LARGE[::-1] + b"x")
    outbox.drop(len(LARGE) + 1)
    assert bytes(outbox) == LARGE[::-1][1:] + b"x"


actions = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.integers(0, 9).map(lambda n: LARGE + b"%d" % n),
        st.floats(0, 1),
    ),
    max_size=40,
)


@given(actions)
def test_it_is_a_queue_of_bytes(actions):
    outbox, model = Outbox(), b""
    for action in actions:
        if isinstance(action, float):
            count = int(action * len(model))
            outbox.drop(count)
            model = model[count:]
        else:
            outbox.add_body(action)
            model += action
        assert len(outbox) == len(model)
        assert bytes(outbox) == model
