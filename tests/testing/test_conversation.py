"""A conversation knows which reply belongs to which command."""

from __future__ import annotations

import socket

import pytest

from penstock.testing.conversation import (
    Conversation,
    Garbled,
    connect,
    split_reply,
    statistics,
)
from penstock.testing.history import HistoryWriter, digest, read_history
from penstock.testing.load import Request


@pytest.fixture
def history(tmp_path):
    writer = HistoryWriter(tmp_path / "history")
    writer.life(1)
    yield writer
    writer.close()


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def sent(conversation, theirs):
    """What the other end gets."""
    conversation.send()
    return theirs.recv(100_000)


def test_replies_are_found_however_they_are_cut():
    stream = b"INSERTED 7\r\nRESERVED 7 4\r\na\r\nb\r\nOK 2\r\nx\n\r\nKICKED\r\nFOUND"
    expected = [
        ([b"INSERTED", b"7"], b""),
        ([b"RESERVED", b"7", b"4"], b"a\r\nb"),
        ([b"OK", b"2"], b"x\n"),
        ([b"KICKED"], b""),
    ]
    for step in (1, 2, 3, 7, len(stream)):
        received, found = bytearray(), []
        for start in range(0, len(stream), step):
            received += stream[start : start + step]
            while (reply := split_reply(received)) is not None:
                words, content, size = reply
                found.append((words, content))
                del received[:size]
        assert found == expected
        assert bytes(received) == b"FOUND"


@pytest.mark.parametrize("stream", [b"FOUND 1 x\r\n", b"FOUND 1 1\r\nabcd", b"OK \r\n"])
def test_what_is_no_reply_is_refused(stream):
    with pytest.raises(Garbled):
        split_reply(bytearray(stream))


def test_statistics_are_read():
    content = b'---\nid: 3\ntube: "a"\nstate: ready\nage: 0\n'
    assert statistics(content) == {"id": "3", "tube": "a", "state": "ready", "age": "0"}


def test_it_watches_its_tubes_and_uses_one_when_it_has_to(ends, history):
    ours, theirs = ends
    conversation = Conversation(1, ours, ("t", "u"), 1)
    conversation.ask(Request("put", tube="t", ttr=9, body=b"x"), 1, history)
    conversation.ask(Request("kick", tube="t", bound=3), 2, history)
    conversation.ask(Request("peek-buried", tube="u"), 3, history)
    assert sent(conversation, theirs) == (
        b"watch t\r\nwatch u\r\nignore default\r\n"
        b"use t\r\nput 0 0 9 1\r\nx\r\nkick 3\r\nuse u\r\npeek-buried\r\n"
    )


def test_a_reply_belongs_to_the_first_command_that_waits(ends, history, tmp_path):
    ours, theirs = ends
    conversation = Conversation(5, ours, ("t",), 1)
    put = conversation.ask(Request("put", tube="t", body=b"body"), 1, history)
    reserve = conversation.ask(Request("reserve", tubes=("t",)), 2, history)
    theirs.sendall(
        b"WATCHING 2\r\nWATCHING 1\r\nUSING t\r\nINSERTED 3\r\nRESERVED 3 4\r\n"
    )
    assert conversation.receive()
    assert conversation.replies(history) == [put]
    theirs.sendall(b"body\r\n")
    assert conversation.receive()
    assert conversation.replies(history) == [reserve]
    assert (put.id, put.words) == (3, ("INSERTED", "3"))
    assert (reserve.size, reserve.digest) == (4, digest(b"body"))
    assert not conversation.waiting
    history.commit()
    read = read_history(tmp_path / "history").operations
    assert [(o.number, o.words, o.digest) for o in read] == [
        (o.number, o.words, o.digest) for o in (put, reserve)
    ]


def test_a_reply_that_nobody_waits_for_is_refused(ends, history):
    ours, theirs = ends
    conversation = Conversation(1, ours, (), 1)
    theirs.sendall(b"NOT_IGNORED\r\nKICKED 1\r\n")
    conversation.receive()
    with pytest.raises(Garbled, match="a reply to nothing"):
        conversation.replies(history)


def test_it_tells_when_the_other_end_has_gone(ends):
    ours, theirs = ends
    conversation = Conversation(1, ours, (), 1)
    assert conversation.receive()  # nothing yet
    theirs.close()
    assert not conversation.receive()


def test_who_waits_long_for_a_job_is_blocked(ends, history):
    conversation = Conversation(1, ends[0], (), 1)
    conversation.waiting.clear()
    asked = conversation.ask(Request("reserve", tubes=("t",)), 1, history)
    assert not conversation.is_blocked(asked.called)
    assert conversation.is_blocked(asked.called + 1_000_000_000)
    conversation.waiting.clear()
    asked = conversation.ask(Request("delete", id=1), 2, history)
    assert not conversation.is_blocked(asked.called + 1_000_000_000)


def test_a_large_body_is_sent_as_the_other_end_takes_it(ends, history):
    ours, theirs = ends
    conversation = Conversation(1, ours, (), 1)
    body = bytes(5_000_000)
    conversation.ask(Request("put", tube="default", body=body), 1, history)
    conversation.send()
    assert conversation.outgoing
    got = b""
    while conversation.outgoing:
        got += theirs.recv(1 << 20)
        conversation.send()
    while not got.endswith(b"\0\r\n"):
        got += theirs.recv(1 << 20)
    assert got.endswith(body + b"\r\n")


def test_half_closing_sends_the_rest_first(ends, history):
    ours, theirs = ends
    conversation = Conversation(1, ours, (), 1)
    conversation.ask(Request("delete", id=4), 1, history)
    conversation.half_close()
    with theirs.makefile("rb") as file:
        assert file.read() == b"ignore default\r\ndelete 4\r\n"


def test_it_connects_to_every_kind_of_address(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect(f"127.0.0.1:{server.getsockname()[1]}").close()
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        connect(f"[::1]:{server.getsockname()[1]}").close()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/s")
        listener.listen()
        connect(f"unix:{tmp_path}/s").close()
    with pytest.raises(FileNotFoundError):
        connect(f"unix:{tmp_path}/nobody")
