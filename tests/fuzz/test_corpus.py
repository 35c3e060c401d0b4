"""What was found once, and what the fuzzer begins with, is tried in every run."""

from pathlib import Path

import pytest
from fuzz.script import Step, steps
from fuzz.targets import TARGETS, BrokenPromiseError, check_replies

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
FILES = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}"
)
def test_every_script_of_the_corpus_keeps_what_is_promised(file):
    TARGETS[file.parent.name](file.read_bytes())


def test_every_target_has_a_corpus():
    assert {file.parent.name for file in FILES} == set(TARGETS)


def test_a_script_tells_who_sends_and_what_else_happens():
    assert list(steps(b"a\xff\x01b\xff\xffc\xff\x05\xff\x07\xff\x03\xff")) == [
        Step("send", 0, b"a"),
        Step("send", 1, b"b\xffc"),
        Step("wait", seconds=1.0),
        Step("close", 1),
    ]


@pytest.mark.parametrize(
    "output",
    [
        b"INSERTED\r\n",
        b"INSERTED 1\n",
        b"RESERVED 1 3\r\nab\r\n",
        b"USING a b\r\n",
        b"OK 4\r\nab\r\n\r\n",
        b"Traceback\r\n",
    ],
)
def test_replies_of_no_known_form_are_told(output):
    with pytest.raises(BrokenPromiseError):
        check_replies(output)


def test_replies_of_known_forms_are_taken():
    check_replies(b"INSERTED 1\r\nRESERVED 1 4\r\n\r\n\r\n\r\nOK 8\r\n---\n- a\n\r\n")
    check_replies(b"KICKED\r\nKICKED 2\r\nUSING a\r\nBAD_FORMAT\r\n")
