"""What follows the verbs of our own."""

import pytest

from penstock.core.wire import options
from penstock.core.wire.options import listed, read, split

SECOND = 1_000_000_000
READERS = {"a": options.number, "b": options.key}


def test_options_are_read_by_their_readers():
    assert read(["b=x=y", "a=7"], READERS) == {"a": 7, "b": b"x=y"}
    assert read([], READERS) == {}


@pytest.mark.parametrize(
    "words", [["a"], ["a=1", "a=2"], ["c=1"], ["a="], [""], ["=1"]]
)
def test_what_is_no_option_is_refused(words):
    with pytest.raises(ValueError, match=r"^"):
        read(words, READERS)


VALUES = [
    (options.number, "4294967295", 2**32 - 1),
    (options.id, "9007199254740991", 2**53 - 1),
    (options.tube, "a-b.c", b"a-b.c"),
    (options.key, "\xff", b"\xff"),
    (options.lasting, "1ms", 1_000_000),
    (options.until, "gone", "gone"),
    (options.until, "2s", 2 * SECOND),
]


@pytest.mark.parametrize(("reader", "text", "value"), VALUES)
def test_a_value_has_its_form(reader, text, value):
    assert reader(text) == value


WRONG = [
    (options.number, "4294967296"),
    (options.number, "-1"),
    (options.number, "\u0661"),
    (options.number, ""),
    (options.id, "1" * 17),
    (options.id, "x"),
    (options.tube, "-a"),
    (options.tube, ""),
    (options.key, ""),
    (options.key, "k" * 151),
    (options.lasting, "0"),
    (options.until, "later"),
]


@pytest.mark.parametrize(("reader", "text"), WRONG)
def test_another_is_refused(reader, text):
    with pytest.raises(ValueError, match=r"^"):
        reader(text)


def test_words_of_a_list_are_known_and_there_once():
    known = {"x": 1, "y": 2}
    assert listed(["y", "x"], known) == ["y", "x"]
    for words in (["x", "x"], ["z"], [""]):
        with pytest.raises(ValueError, match=r"^"):
            listed(words, known)


def test_a_batch_is_split_into_its_bodies():
    assert split(b"5\r\nhello\r\n0\r\n\r\n2\r\n\r\n\r\n", 3) == [b"hello", b"", b"\r\n"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"5\r\nhell",
        b"5\r\nhello",
        b"5\r\nhello\r",
        b"4\r\nhello\r\n",
        b"5 hello\r\n",
        b"x\r\nhello\r\n",
        b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n",
        b"0000000000000001\r\na\r\n",
    ],
)
def test_what_is_no_batch_is_refused(content):
    with pytest.raises(ValueError, match=r"^"):
        split(content, 3)
