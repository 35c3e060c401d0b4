"""A tube's policy: one form for each key, and what it says where that is missed."""

import json

import pytest

from penstock.core.rules import READERS, Rules, heeded, read

SECOND = 1_000_000_000
VALUES = {
    "max_jobs": (7, 7),
    "max_bytes": (1 << 40, 1 << 40),
    "ttr": ("90s", 90 * SECOND),
    "max_reserves": (5, 5),
    "dead_letter": ("mail-dead", b"mail-dead"),
    "expiry": (3600, 3600 * SECOND),
    "drain": (True, True),
}


def written(**rules):
    return json.dumps(rules).encode()


@pytest.mark.parametrize("key", READERS)
def test_each_key_is_read(key):
    given, meant = VALUES[key]
    assert getattr(read(written(**{key: given})), key) == meant


def test_what_is_not_said_is_no_rule():
    rules = read(b"{}")
    assert [getattr(rules, key) for key in READERS] == [0, 0, 0, 0, None, 0, False]


def test_keys_of_others_are_passed_over():
    assert read(written(keep_history="7d", max_jobs=1)).max_jobs == 1


WRONG = [
    ({"max_jobs": -1}, "max_jobs = -1: allowed is a whole number"),
    ({"max_jobs": True}, "max_jobs = True: allowed is a whole number"),
    ({"max_jobs": 1.5}, "max_jobs = 1.5: allowed is a whole number"),
    ({"max_bytes": "10"}, "max_bytes = '10': allowed is a whole number"),
    ({"ttr": "soon"}, "ttr = 'soon': soon: allowed is a duration"),
    ({"ttr": 1.5}, "ttr = 1.5: allowed is a duration"),
    ({"expiry": None}, "expiry = None: allowed is a duration"),
    ({"dead_letter": "a b"}, "dead_letter = 'a b': allowed is the name of a tube"),
    ({"dead_letter": "-a"}, "dead_letter = '-a': allowed is the name of a tube"),
    ({"dead_letter": ""}, "dead_letter = '': allowed is the name of a tube"),
    ({"dead_letter": "a" * 201}, "allowed is the name of a tube"),
    ({"drain": 1}, "drain = 1: allowed is true or false"),
]


@pytest.mark.parametrize(("rules", "line"), WRONG)
def test_what_is_wrong_is_said(rules, line):
    with pytest.raises(ValueError, match=line):
        read(written(**rules))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"policy",
        b"[]",
        b"\xff",
        b"7",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"9" * 5000 + b"}",
        '{"max_jobs": 1}'.encode("utf-16"),
    ],
)
def test_what_is_no_policy_is_refused_and_where_it_is_there_not_heeded(value):
    with pytest.raises(ValueError, match="a policy is a JSON object"):
        read(value)
    assert heeded(value) is None


def test_what_is_heeded_is_what_is_read():
    rules = heeded(written(max_jobs=3))
    assert isinstance(rules, Rules)
    assert rules.max_jobs == 3


@pytest.mark.parametrize("depth", [65, 900, 972, 1000, 60_000])
def test_one_so_deep_that_reading_it_may_fail_is_refused_here_and_everywhere(depth):
    value = b'{"x":' + (depth - 1) * b"[" + (depth - 1) * b"]" + b"}"
    with pytest.raises(ValueError, match="at most 64 objects and lists"):
        read(value)
    assert heeded(value) is None


def test_one_that_is_less_deep_is_kept_as_it_is():
    value = b'{"x":' + 63 * b"[" + 63 * b"]" + b"}"
    assert heeded(value) is not None
