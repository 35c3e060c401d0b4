"""Errors tell the operator what was done, where, why it failed and what to try."""

from __future__ import annotations

import pytest

from penstock import errors


def test_the_docstring_is_the_default_message():
    assert str(errors.RemoteProtocolError()) == errors.RemoteProtocolError.__doc__
    assert str(errors.ConfigError("port: 70000")) == "port: 70000"


def test_a_log_error_names_operation_place_reason_and_hint():
    error = errors.LogCorrupt(
        "read", "segment-3", offset=4096, hint="run `penstock check`"
    )
    assert str(error) == (
        "read segment-3 at offset 4096: What was read is not what was written."
        " (run `penstock check`)"
    )
    assert (error.operation, error.path, error.offset) == ("read", "segment-3", 4096)


def test_a_log_error_may_know_only_what_was_done():
    assert str(errors.LogFull("append")) == "append: There is no room left."


@pytest.mark.parametrize(
    "kind",
    [errors.ProtocolError, errors.LogError, errors.LogFull, errors.ConfigError],
)
def test_every_error_is_a_penstock_error(kind):
    assert issubclass(kind, errors.PenstockError)
