"""The verbs of our own, beside what the transcripts in conformance/penstock show."""

from __future__ import annotations

import json

import pytest

from penstock.core.session import (
    MAY_ADMINISTER,
    MAY_ALL,
    MAY_INSPECT,
    MAY_PUT,
    MAY_TAKE,
)
from penstock.core.wire.extensions import LARGEST_BATCH, MOST_AT_ONCE, WITH_BODY
from tests.conformance.servers import Connection, ServerProcess, beanstalkd_command
from tests.core.wire.conversation import Conversation

VERBS = {
    b"put-job 1\r\na\r\n": MAY_PUT,
    b"batch-put 6\r\n1\r\na\r\n\r\n": MAY_PUT,
    b"batch-reserve 1 timeout=0\r\n": MAY_TAKE,
    b"batch-delete 1\r\n1\r\n": MAY_TAKE,
    b"move-job 1 other\r\n": MAY_ADMINISTER,
    b"change-job 1 pri=1\r\n": MAY_ADMINISTER,
    b"clear-tube default\r\n": MAY_ADMINISTER,
    b"set-policy default 2\r\n{}\r\n": MAY_ADMINISTER,
    b"drain\r\n": MAY_ADMINISTER,
    b"undrain\r\n": MAY_ADMINISTER,
    b"list-jobs default ready\r\n": MAY_INSPECT,
    b"policy default\r\n": MAY_INSPECT,
    b"info\r\n": MAY_INSPECT,
}


@pytest.fixture
def conversation():
    return Conversation()


def names():
    return {line.split()[0].decode() for line in VERBS}


def told(conversation, line):
    """Give the document that a verb answers with."""
    head, _, content = conversation.say(line).partition(b"\r\n")
    assert head == b"OK %d" % (len(content) - 2)
    return json.loads(content)


def test_info_says_what_there_is(conversation):
    document = told(conversation, b"info\r\n")
    assert set(document["verbs"]) == names()
    assert document["max_batch_jobs"] == MOST_AT_ONCE
    assert document["draining"] is False
    conversation.say(b"drain\r\n")
    assert told(conversation, b"info\r\n")["draining"] is True
    assert conversation.say(b"info x\r\n") == b"BAD_FORMAT\r\n"


@pytest.mark.parametrize("line", VERBS)
def test_a_session_that_may_not_is_told_nothing_else(conversation, line):
    conversation.session.rights = MAY_ALL & ~VERBS[line]
    assert conversation.say(line) == b"UNKNOWN_COMMAND\r\n"
    conversation.session.rights = VERBS[line]
    assert conversation.say(line) != b"UNKNOWN_COMMAND\r\n"


def test_verbs_with_a_body_are_known_as_such():
    assert {line.split()[0].decode() for line in VERBS if line.count(b"\r\n") > 1} == (
        WITH_BODY
    )


@pytest.mark.skipif(beanstalkd_command() is None, reason="beanstalkd is not here")
def test_beanstalkd_knows_none_of_them():
    command = beanstalkd_command()
    assert command is not None
    server = ServerProcess(command)
    try:
        with Connection(server.port) as connection:
            for line in VERBS:
                connection.send(line.partition(b"\r\n")[0] + b"\r\n")
                assert connection.reply() == b"UNKNOWN_COMMAND\r\n", line
    finally:
        server.process.kill()
        server.process.wait()


def test_in_pieces_it_is_the_same(conversation):
    data = b"batch-put 12 pri=3\r\n1\r\na\r\n1\r\nb\r\n\r\nbatch-delete 3\r\n1 2\r\n"
    answers = b"".join(conversation.say(data[at : at + 1]) for at in range(len(data)))
    assert answers == b"INSERTED 1 2\r\nDELETED 2\r\n"


def test_a_batch_that_is_too_large_is_thrown_away(conversation):
    size = LARGEST_BATCH + 1
    assert conversation.say(b"batch-put %d\r\n" % size) == b""
    assert conversation.say(bytes(size) + b"\r\n") == b"JOB_TOO_BIG\r\n"
    assert conversation.say(b"put 0 0 1 0\r\n\r\n") == b"INSERTED 1\r\n"


def test_a_put_counts_as_one(conversation):
    conversation.say(b"put-job 1\r\na\r\nbatch-put 6\r\n1\r\nb\r\n\r\n")
    counters = conversation.engine.counters
    assert (counters.cmd_put, counters.total_jobs) == (2, 2)
    assert conversation.session.producer


def test_a_page_is_as_long_as_asked_and_in_order_of_ids(conversation):
    for pri in range(250, 0, -1):
        conversation.say(b"put %d 0 60 1\r\na\r\n" % pri)
    conversation.say(b"delete 7\r\n")

    def ids(line):
        content = conversation.say(line).partition(b"\r\n")[2]
        return [json.loads(each)["id"] for each in content.splitlines() if each]

    assert ids(b"list-jobs default ready limit=3\r\n") == [1, 2, 3]
    assert ids(b"list-jobs default ready after=5 limit=3\r\n") == [6, 8, 9]
    assert len(ids(b"list-jobs default ready\r\n")) == 100
    assert ids(b"list-jobs default ready after=248 limit=1000\r\n") == [249, 250]


def test_a_batch_of_too_many_ids_is_refused(conversation):
    ids = b" ".join([b"1"] * 1001)
    line = b"batch-delete %d\r\n" % len(ids) + ids + b"\r\n"
    assert conversation.say(line) == b"BAD_FORMAT\r\n"


def test_a_policy_that_is_too_deep_is_refused_and_nothing_is_staged(conversation):
    for depth in (900, 976, 5000):
        value = b'{"x":' + depth * b"[" + depth * b"]" + b"}"
        line = b"set-policy t %d\r\n" % len(value) + value + b"\r\n"
        assert conversation.say(line).startswith(b"REFUSED a policy has at most 64")
    assert conversation.engine.turn.batch.count == 0
