"""The reader and the player of transcripts, on small ones of their own."""

from pathlib import Path

import pytest

from tests.conformance.transcript import (
    TranscriptError,
    matches,
    play,
    read_scenarios,
    split_reply,
    unescape,
)


class Echo:
    """A server that gives every client back what it sent."""

    def __init__(self) -> None:
        self.heard: dict[int, bytes] = {}

    def send(self, client: int, data: bytes) -> None:
        self.heard[client] = self.heard.get(client, b"") + data

    def receive(self, client: int) -> bytes:
        size = split_reply(self.heard[client])
        reply, self.heard[client] = self.heard[client][:size], self.heard[client][size:]
        return reply

    def silent(self, client: int) -> bytes:
        return self.heard.get(client, b"")

    def half_close(self, client: int) -> None:
        self.heard[client] = b"half\r\n"

    def close(self, client: int) -> None:
        del self.heard[client]

    def closed(self, client: int) -> bool:
        return client not in self.heard

    def advance(self, seconds: float) -> None:
        self.heard[0] = b"%g" % seconds

    def drain(self) -> None:
        self.heard[0] = b"drain"

    def stop(self) -> None:
        self.heard.clear()


def play_text(path: Path, text: str, *, upstream: bool = False) -> None:
    path.write_text("== a scenario\n" + text)
    for scenario in read_scenarios(path):
        play(scenario, Echo(), upstream=upstream)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.txt"


def test_what_is_expected_may_come(path: Path) -> None:
    play_text(path, "C1: a\\r\\nb\nS1: a\nS1: b\n@raw 2 c\\r\\n\nS2: c\n")


def test_a_wrong_reply_names_the_line(path: Path) -> None:
    with pytest.raises(AssertionError, match=r"x\.txt:3"):
        play_text(path, "C1: a\nS1: b\n")


def test_a_reply_that_nobody_expects_is_found(path: Path) -> None:
    with pytest.raises(AssertionError, match="also got"):
        play_text(path, "C1: a\n")


def test_silence_is_broken_by_a_reply(path: Path) -> None:
    with pytest.raises(AssertionError, match="instead of nothing"):
        play_text(path, "C1: a\n@silence 1\n")


def test_an_open_connection_is_not_closed(path: Path) -> None:
    with pytest.raises(AssertionError, match="still open"):
        play_text(path, "@raw 1 a\n@closed 1\n")


def test_upstream_may_answer_otherwise(path: Path) -> None:
    text = "C1: a\nS1: x\nS1!: a\nC1: b\nS1: y\nS1!: @nothing\nS1: b\n"
    play_text(path, text, upstream=True)
    with pytest.raises(AssertionError):
        play_text(path, text)


@pytest.mark.parametrize("line", ["hello", "@sleep 1", "C1 x", "@signal TERM"])
def test_a_line_that_is_no_step_is_refused(path: Path, line: str) -> None:
    with pytest.raises(TranscriptError, match=r"x\.txt:2"):
        play_text(path, line + "\n")


def test_escapes_and_repeats() -> None:
    assert unescape(r"a{3*bc}\r\n\0\xff") == b"abcbcbc\r\n\0\xff"


@pytest.mark.parametrize(
    ("reply", "got", "fits"),
    [
        ("INSERTED <int>", b"INSERTED 12\r\n", True),
        ("INSERTED <int>", b"INSERTED x\r\n", False),
        ("INSERTED 1", b"INSERTED 1", False),
        ("<A|B>", b"B\r\n", True),
        ("OK <size>\na: <any>", b"OK 11\r\n---\na: 1x\n\r\n", False),
        ("OK <size>\na: <any>", b"OK 10\r\n---\na: 1x\n\r\n", True),
        ("OK <size>\n...\nb: 2", b"OK 14\r\n---\na: 1\nb: 2\n\r\n", True),
        ("OK <size>\n...\nb: 2", b"OK 14\r\n---\nb: 2\na: 1\n\r\n", False),
        ("OK <size>\nn: <quoted x>", b"OK 9\r\n---\nn: x\n\r\n", False),
    ],
)
def test_replies_match_as_they_are_written(reply: str, got: bytes, fits: bool) -> None:
    assert matches(reply, got, upstream=False) is fits


def test_upstream_may_leave_out_quotes() -> None:
    reply = "OK <size>\nn: <quoted x>"
    assert matches(reply, b"OK 9\r\n---\nn: x\n\r\n", upstream=True)
    assert matches(reply, b'OK 11\r\n---\nn: "x"\n\r\n', upstream=True)


def test_a_reply_is_split_where_its_body_ends() -> None:
    assert split_reply(b"OK 4\r\n---\n") == 0
    assert split_reply(b"OK 4\r\n---\n\r\nUSING x\r\n") == 12
    assert split_reply(b"USING x\r\nUSING") == 9
    assert split_reply(b"USING x") == 0
