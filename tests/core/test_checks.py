"""Values of a commit that no event could hold are refused at once."""

import pytest

from penstock.core.checks import TUBE_NAME
from penstock.core.commands import Change, Delete, Free, Note, Put, Set, Unset
from penstock.core.kinds import TAG_BODY
from penstock.core.wire.line import is_name
from tests.core.story import attribute


@pytest.mark.parametrize(
    "build",
    [
        lambda: Put(b"x" * 201, b""),
        lambda: Put(b"", b""),
        lambda: Put(b"a b", b""),
        lambda: Put(b"a", b"", pri=1 << 32),
        lambda: Put(b"a", b"", delay=-1),
        lambda: Put(b"a", b"", ttr=-1),
        lambda: Put(b"a", b"", attributes=b"junk"),
        lambda: Put(b"a", b"", attributes=attribute(16, b"x")[:-1]),
        lambda: Put(b"a", b"", attributes=attribute(TAG_BODY, b"x")),
        lambda: Delete(1, reason=99),
        lambda: Free(1, delay=-1),
        lambda: Change(1, tube=b""),
        lambda: Change(1, pri=-1),
        lambda: Change(1, delay=1 << 63),
        lambda: Change(1, attributes=b"\0"),
        lambda: Note(1, b"n" * 256, b""),
        lambda: Set(b"n" * 256, b"", b""),
        lambda: Set(b"n", b"", b"", lifetime=-1),
        lambda: Set(b"tube", b"a b", b""),
        lambda: Unset(b"n" * 256, b""),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_anything_is_done(build):
    with pytest.raises(ValueError, match=r"allowed|called|at most|attribute"):
        build()


@pytest.mark.parametrize("byte", range(256))
def test_a_commit_and_the_wire_agree_on_names(byte):
    for name in (bytes([byte]), b"a" + bytes([byte])):
        assert (TUBE_NAME.fullmatch(name) is not None) == is_name(name)
