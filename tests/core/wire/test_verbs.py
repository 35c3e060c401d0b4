"""The verbs: from a command line to the engine, odd ones included."""

import pytest

from penstock.core.job import DELAYED, READY, RESERVED
from penstock.core.session import MAY_ADMINISTER, MAY_INSPECT, MAY_PUT, MAY_TAKE
from tests.core.story import SECOND
from tests.core.wire.conversation import Conversation, ask

VERBS = {
    b"put 0 0 1 0\r\n": MAY_PUT,
    b"reserve-with-timeout 0\r\n": MAY_TAKE,
    b"reserve-job 1\r\n": MAY_TAKE,
    b"delete 1\r\n": MAY_TAKE,
    b"release 1 0 0\r\n": MAY_TAKE,
    b"bury 1 0\r\n": MAY_TAKE,
    b"touch 1\r\n": MAY_TAKE,
    b"kick 1\r\n": MAY_ADMINISTER,
    b"kick-job 1\r\n": MAY_ADMINISTER,
    b"pause-tube default 1\r\n": MAY_ADMINISTER,
    b"peek 1\r\n": MAY_INSPECT,
    b"peek-ready\r\n": MAY_INSPECT,
    b"stats\r\n": MAY_INSPECT,
    b"stats-job 1\r\n": MAY_INSPECT,
    b"stats-tube default\r\n": MAY_INSPECT,
    b"list-tubes\r\n": MAY_INSPECT,
    b"list-tube-used\r\n": MAY_INSPECT,
    b"list-tubes-watched\r\n": MAY_INSPECT,
}


@pytest.fixture
def conversation():
    return Conversation()


def test_a_put_has_its_numbers_in_seconds(conversation):
    assert conversation.say(b"put 7 3 9 4\r\nbody\r\n") == b"INSERTED 1\r\n"
    job = conversation.engine.index.find(1)
    assert (job.pri, job.delay, job.ttr) == (7, 3 * SECOND, 9 * SECOND)
    assert (job.body, job.state) == (b"body", DELAYED)


def test_a_ttr_of_nothing_is_a_second(conversation):
    conversation.say(b"put 0 0 0 0\r\n\r\n")
    assert conversation.engine.index.find(1).ttr == SECOND


def test_the_largest_numbers_keep_their_value(conversation):
    most = 2**32 - 1
    conversation.say(b"put %d %d %d 0\r\n\r\n" % (most, most, most))
    job = conversation.engine.index.find(1)
    assert (job.pri, job.delay, job.ttr) == (most, most * SECOND, most * SECOND)


@pytest.mark.parametrize(
    "line",
    [
        b"put",
        b"put ",
        b"put 0",
        b"put 0 0 1 x",
        b"put -1 0 1 0",
        b"put 4294967296 0 1 0",
        b"put 0 0 1 0 ",
        b"delete",
        b"delete ",
        b"delete x",
        b"delete 1 ",
        b"delete 18446744073709551616",
        b"release 1",
        b"release 1 0",
        b"bury 1",
        b"touch ",
        b"use ",
        b"use -a",
        b"watch a b",
        b"ignore ",
        b"reserve-with-timeout ",
        b"reserve-with-timeout 2147483648",
        b"stats x",
        b"reserve x",
        b"pause-tube default",
        b"pause-tube default x",
        b"kick ",
        b"kick x",
    ],
)
def test_what_is_malformed_is_answered_and_changes_nothing(conversation, line):
    said = conversation.say(line + b"\r\n")
    assert said in (b"BAD_FORMAT\r\n", b"UNKNOWN_COMMAND\r\n")
    assert conversation.story.events() == []


def test_unknown_words_are_unknown():
    for line in (b"", b" ", b"PUT 0 0 1 0", b"quux", b"peek", b"kick", b"pu"):
        assert ask(line + b"\r\n") == b"UNKNOWN_COMMAND\r\n", line


def test_verbs_reach_the_engine(conversation):
    say = conversation.say
    assert say(b"use a\r\nwatch a\r\n") == b"USING a\r\nWATCHING 2\r\n"
    assert say(b"ignore default\r\nignore a\r\n") == b"WATCHING 1\r\nNOT_IGNORED\r\n"
    say(b"put 0 0 9 1\r\nx\r\n")
    assert say(b"reserve\r\n") == b"RESERVED 1 1\r\nx\r\n"
    assert say(b"touch 1\r\n") == b"TOUCHED\r\n"
    assert say(b"release 1 5 0\r\n") == b"RELEASED\r\n"
    assert say(b"reserve-job 1\r\n") == b"RESERVED 1 1\r\nx\r\n"
    assert say(b"bury 1 3\r\n") == b"BURIED\r\n"
    assert say(b"peek-buried\r\npeek 1\r\n") == b"FOUND 1 1\r\nx\r\n" * 2
    assert say(b"kick 10\r\n") == b"KICKED 1\r\n"
    assert say(b"peek-ready\r\n") == b"FOUND 1 1\r\nx\r\n"
    assert say(b"kick-job 1\r\n") == b"NOT_FOUND\r\n"
    assert say(b"pause-tube a 0\r\n") == b"PAUSED\r\n"
    assert say(b"list-tube-used\r\n") == b"USING a\r\n"
    assert say(b"list-tubes-watched\r\n") == b"OK 8\r\n---\n- a\n\r\n"
    assert say(b"delete 1\r\n") == b"DELETED\r\n"
    assert say(b"reserve-with-timeout 0\r\n") == b"TIMED_OUT\r\n"


def test_a_reserve_with_a_timeout_ends_with_it(conversation):
    assert conversation.say(b"reserve-with-timeout 2\r\n") == b""
    conversation.story.advance(2)
    assert conversation.answers() == b"TIMED_OUT\r\n"


@pytest.mark.parametrize("line", VERBS)
def test_a_session_without_the_right_does_not_know_the_verb(conversation, line):
    conversation.session.rights = ~VERBS[line] & 15
    data = line + b"\r\n" if line.startswith(b"put") else line
    assert conversation.say(data) == b"UNKNOWN_COMMAND\r\n"
    conversation.session.rights = VERBS[line]
    assert conversation.say(data) != b"UNKNOWN_COMMAND\r\n"


def test_commands_are_counted(conversation):
    conversation.say(b"put 0 0 1 0\r\n\r\nreserve\r\nuse a\r\ndelete x\r\ndelete 9\r\n")
    counters = conversation.engine.counters
    assert (counters.cmd_put, counters.cmd_reserve, counters.cmd_use) == (1, 1, 1)
    assert counters.cmd_delete == 1


def test_who_puts_is_a_producer_and_who_reserves_a_worker(conversation):
    conversation.say(b"put 0 0 1 0\r\n")
    assert conversation.session.producer
    assert not conversation.session.worker
    conversation.say(b"\r\nreserve\r\n")
    assert conversation.session.worker
    assert conversation.engine.index.count(RESERVED) == 1
    assert conversation.engine.index.count(READY) == 0
