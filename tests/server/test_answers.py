"""What local sessions are told, and what they may ask."""

import pytest

from penstock.core.extra import Extra
from penstock.server.answers import Found, checked, checked_name, found, told
from tests.core.story import attribute


def test_a_number_within_bounds_is_given_back():
    assert checked("pri", 0, 5) == 0
    assert checked("pri", 5, 5) == 5


@pytest.mark.parametrize("value", [-1, 6])
def test_a_number_out_of_bounds_is_named(value):
    with pytest.raises(ValueError, match=f"pri {value}: allowed is 0 to 5"):
        checked("pri", value, 5)


def test_a_tube_has_a_name_that_the_protocol_allows():
    assert checked_name(b"mail.out") == b"mail.out"
    for name in (b"", b"-x", b"a b", b"x" * 201):
        with pytest.raises(ValueError, match="no tube can be called that"):
            checked_name(name)


def test_statistics_lose_the_quotes_of_the_protocol():
    fields = [("name", '"default"'), ("pause", 3)]
    assert told(fields) == {"name": "default", "pause": 3}


def test_a_job_comes_with_what_is_attached():
    extra = Extra()
    extra.adopt(attribute(16, b"text/plain"))
    extra.notes = {b"progress": b"half"}
    seen = found(1, b"body", extra)
    assert seen == Found(
        1, b"body", attribute(16, b"text/plain"), {b"progress": b"half"}
    )
    extra.notes[b"progress"] = b"all"
    assert seen.notes == {b"progress": b"half"}
    assert found(1, b"body", None) == Found(1, b"body")
