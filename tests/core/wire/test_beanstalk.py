"""The session: bytes in any pieces, bounds, and how answers sound."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire.conversation import Conversation, ask

TALK = (
    b"put 1 0 9 5\r\nhe\r\no\r\nuse a\r\nnonsense\r\nput 0 0 1 60\r\n"
    + b"b" * 60
    + b"\r\npeek 1\r\nput 0 0 9 0\r\n\r\nput 0 0 9 1\r\nxyz"
    + b"l" * 300
    + b"\r\n"
    b"reserve\r\ndelete 1\r\nstats-job 2\r\nwatch a\r\nreserve-job 2\r\nbury 2 0\r\n"
)


def talk_in_pieces(data, cuts):
    conversation, said = Conversation(), b""
    conversation.engine.policy.max_job_size = 50
    edges = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(edges):
        said += conversation.say(data[start:end])
    return said


def test_cutting_a_conversation_anywhere_changes_nothing():
    whole = talk_in_pieces(TALK, [])
    assert whole.count(b"\r\n") > 10
    for cut in range(len(TALK)):
        assert talk_in_pieces(TALK, [cut]) == whole


@given(st.lists(st.integers(0, len(TALK)), max_size=20))
def test_cutting_it_in_many_places_changes_nothing(cuts):
    assert talk_in_pieces(TALK, cuts) == talk_in_pieces(TALK, [])


def test_one_byte_at_a_time_changes_nothing():
    assert talk_in_pieces(TALK, range(len(TALK))) == talk_in_pieces(TALK, [])


@given(st.binary(max_size=400))
def test_any_bytes_are_answered_or_awaited(data):
    conversation = Conversation()
    conversation.say(data)
    conversation.say(b"\r\n")
    assert len(conversation.input) <= 224 or conversation.session.waiting


def test_a_body_is_delivered_byte_for_byte():
    body = bytes(range(256)) + b"\r\n\r\n"
    conversation = Conversation()
    conversation.say(b"put 0 0 9 %d\r\n%b\r\n" % (len(body), body))
    said = conversation.say(b"reserve\r\n")
    assert said == b"RESERVED 1 %d\r\n%b\r\n" % (len(body), body)


def test_a_body_without_its_end_burns_an_id_and_is_said():
    said = ask(b"put 0 0 9 1\r\nabcput 0 0 9 0\r\n\r\n")
    assert said == b"EXPECTED_CRLF\r\nINSERTED 2\r\n"


def test_a_body_that_is_too_big_is_swallowed():
    conversation = Conversation()
    conversation.engine.policy.max_job_size = 5
    said = conversation.say(b"put 0 0 9 6\r\nabcdef\r\nuse a\r\n")
    assert said == b"JOB_TOO_BIG\r\nUSING a\r\n"


@pytest.mark.parametrize("length", [223, 224, 225, 1000])
def test_a_line_that_is_too_long_is_one_bad_format(length):
    line = b"x" * (length - 2) + b"\r\n"
    said = ask(line + b"use a\r\n")
    first = b"UNKNOWN_COMMAND" if length <= 224 else b"BAD_FORMAT"
    assert said == first + b"\r\nUSING a\r\n"


def test_an_endless_line_is_thrown_away_as_it_comes():
    conversation = Conversation()
    for _ in range(100):
        assert conversation.say(b"x" * 1000) == b""
        assert len(conversation.input) < 225
    assert conversation.say(b"\r\nuse a\r\n") == b"BAD_FORMAT\r\nUSING a\r\n"


def test_a_nul_in_a_line_is_a_bad_format():
    assert ask(b"use a\x00b\r\nuse a\r\n") == b"BAD_FORMAT\r\nUSING a\r\n"


def test_nothing_runs_after_quit():
    conversation = Conversation()
    assert conversation.say(b"use a\r\nquit\r\nuse b\r\n") == b"USING a\r\n"
    assert conversation.session.quitting


def test_nothing_runs_while_a_session_waits_and_all_after_it():
    conversation = Conversation()
    assert conversation.say(b"reserve\r\nuse a\r\n") == b""
    conversation.story.put(conversation.story.client(), b"x")
    assert conversation.answers() == b"RESERVED 1 1\r\nx\r\n"
    assert conversation.session.may_go_on()
    assert conversation.say(b"") == b"USING a\r\n"


def test_a_session_with_much_to_say_listens_to_nothing_more():
    conversation = Conversation()
    conversation.say(b"put 0 0 9 60000\r\n" + b"x" * 60000 + b"\r\n")
    session, data = conversation.session, b"peek 1\r\n" * 100
    taken = session.receive(data)
    assert taken < len(data)
    assert len(session.outbox) < 256 * 1024 + 60100
    assert not session.is_runnable()
    session.sent(len(session.outbox))
    assert session.may_go_on()


def test_a_session_runs_so_many_commands_and_then_lets_others_have_their_turn():
    session = Conversation().session
    data = b"use a\r\n" * 5000
    taken = session.receive(data)
    assert taken == 1000 * 7
    assert session.may_go_on()


def test_a_session_says_how_many_bytes_it_wants():
    conversation = Conversation()
    assert conversation.session.wanted() == 1
    conversation.say(b"put 0 0 9 100\r\nabc")
    assert conversation.session.wanted() == 102


def test_refusals_sound_as_in_the_protocol():
    conversation = Conversation()
    conversation.engine.policy.most_bytes = 1
    assert conversation.say(b"put 0 0 9 0\r\n\r\n") == b"OUT_OF_MEMORY\r\n"
    conversation.engine.policy.draining = True
    assert conversation.say(b"put 0 0 9 0\r\n\r\n") == b"DRAINING\r\n"
    conversation.engine.policy.draining = False
    conversation.engine.policy.most_bytes = 0
    conversation.say(b"put 0 0 1 0\r\n\r\nreserve\r\n")
    assert conversation.say(b"reserve\r\n") == b"DEADLINE_SOON\r\n"
