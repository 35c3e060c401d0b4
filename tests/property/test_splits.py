"""However the bytes of a conversation are cut, the replies are the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.glued import GluedConversation
from tests.property.recorded import RecordedConversation

OPTIONS = {"max-job-size": "30"}

CONVERSATIONS = {
    "life of jobs": b"use a\r\nwatch a\r\nput 5 0 60 4\r\nbody\r\nput 1 0 60 0\r\n\r\n"
    b"reserve\r\nreserve-with-timeout 0\r\nrelease 1 9 0\r\nbury 2 3\r\nkick 1\r\n"
    b"delete 1\r\nstats-job 2\r\npeek-ready\r\nlist-tubes\r\nignore a\r\n"
    b"quit\r\nuse b\r\n",
    "line ends in bodies": b"put 0 0 60 2\r\n\r\n\r\nput 0 0 60 6\r\n\r\r\n\n\r\n\r\n"
    b"put 0 0 60 1\r\n\r\r\nput 0 0 60 1\r\n\n\r\npeek 1\r\npeek 2\r\npeek 3\r\n"
    b"peek 4\r\n",
    "bodies without an end": b"put 0 0 60 3\r\nabcdefput 0 0 60 3\r\nabc\r\n"
    b"put 0 0 60 0\r\nxxput 0 0 60 1\r\na\n\rpeek 2\r\nlist-tube-used\r\n",
    "swallowed bodies": b"put 0 0 60 31\r\n" + b"y" * 31 + b"\r\nuse a\r\n"
    b"put 0 0 60 40 x\r\n" + b"\r\n" * 21 + b"put 0 0 60 1 x\r\nb\r\nuse c\r\n",
    "over-long lines": b"use " + b"l" * 300 + b"\r\nuse a\r\n" + b"z" * 222 + b"\r\n"
    b"use b\r\n" + b"z" * 223 + b"\r\nuse c\r\n" + b"\r" * 230 + b"\r\nuse d\r\n",
    "lines that are none": b"\r\n \r\n\0\r\nuse a\0\r\nnope\r\n\r\r\n"
    b"list-tube\rused\r\n"
    b"put\r\nput 1 2 3\r\nput 0 0 0 -1\r\nput 0 0 60 99999999999\r\nkick x\r\n",
    "an unfinished body": b"use a\r\nput 0 0 60 10\r\nabc",
    "an unfinished line": b"use a\r\nlist-tube-us",
    "a lone CR at the end": b"z" * 300 + b"\r",
}


def answers(pieces: list[bytes]) -> tuple[bytes, bool, bytes]:
    """What a client gets that sends these pieces, and then waits for a ttr."""
    talk = RecordedConversation(OPTIONS)
    for piece in pieces:
        if not talk.line(1).ended:
            talk.send(1, piece)
    talk.advance(61)
    line = talk.line(1)
    return bytes(line.output), line.ended, b"".join(talk.recorded())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(places), len(data)]
    return [data[begin:end] for begin, end in pairwise(ends)]


def test_the_conversations_meet_every_way_to_refuse():
    said = b"".join(answers([data])[0] for data in CONVERSATIONS.values())
    words = {line.split()[0] for line in said.split(b"\r\n") if line.strip()}
    assert words >= {b"BAD_FORMAT", b"EXPECTED_CRLF", b"JOB_TOO_BIG"}
    assert words >= {b"UNKNOWN_COMMAND", b"RESERVED", b"FOUND", b"USING", b"OK"}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_every_single_cut_changes_nothing(name):
    data = CONVERSATIONS[name]
    whole = answers([data])
    for place in range(1, len(data)):
        assert answers(cut(data, [place])) == whole, (name, place)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_bytes_that_come_one_by_one_change_nothing(name):
    data = CONVERSATIONS[name]
    assert answers(cut(data, list(range(1, len(data))))) == answers([data])


@pytest.mark.parametrize("name", CONVERSATIONS)
@given(data=st.data())
def test_several_cuts_change_nothing(name, data):
    whole = CONVERSATIONS[name]
    places = data.draw(st.lists(st.integers(1, len(whole) - 1), max_size=20))
    assert answers(cut(whole, places)) == answers([whole])


WORDS = [b"put 0 0 60 ", b"put ", b"reserve", b"reserve-with-timeout 0", b"delete 1"]
WORDS += [b"release 1 0 0", b"bury 1 0", b"kick 5", b"peek 1", b"stats-job 1", b"use a"]
WORDS += [b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"\0", b" ", b"0", b"2", b"31", b"-"]
WORDS += [b"quit", b"a" * 224, b"xx", b"watch b", b"list-tubes", b"pause-tube a 1"]


@given(
    words=st.lists(st.sampled_from(WORDS) | st.binary(max_size=4), max_size=40),
    places=st.lists(st.integers(0, 500), max_size=10),
)
def test_cuts_change_nothing_in_bytes_that_nobody_meant(words, places):
    data = b"".join(words)
    inside = [place for place in places if 0 < place < len(data)]
    assert answers(cut(data, inside)) == answers([data])


def test_a_client_that_sends_slowly_does_not_hold_up_another():
    talk = GluedConversation(OPTIONS)
    talk.send(1, b"put 0 0 60 5\r\nab")
    talk.send(2, b"put 0 0 60 1\r\nx\r\n")
    talk.send(1, b"cde\r\n")
    assert (talk.receive(1), talk.receive(2)) == (b"INSERTED 2\r\n", b"INSERTED 1\r\n")
