"""System calls watched and made to fail."""

from __future__ import annotations

import subprocess
import sys

import pytest

from penstock.testing import tracing
from penstock.testing.tracing import Call, Injection, Trace, parse, release, start_held

needs_strace = pytest.mark.skipif(
    not tracing.is_available(), reason="strace is not installed here"
)

WRITER = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
other = os.open(sys.argv[2], os.O_CREAT | os.O_RDWR)
for _ in range(3):
    for each in (other, file):
        os.pwrite(each, b"x", 0)
        try:
            os.fdatasync(each)
        except OSError as error:
            print(error.strerror)
"""


def run(tmp_path, injection: Injection) -> tuple[str, Trace]:
    """Run the writer; give what it said."""
    file, other = tmp_path / "file", tmp_path / "other"
    command = [sys.executable, "-c", WRITER, str(file), str(other)]
    process = start_held(command, stdout=subprocess.PIPE)
    with Trace(process.pid, tmp_path / "log", [file], injection) as trace:
        release(process)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return said.decode(), trace


@needs_strace
def test_the_nth_call_on_a_path_fails_and_no_other(tmp_path):
    said, trace = run(tmp_path, Injection("fdatasync", "EIO", 2))
    assert said == "Input/output error\n"
    (injected,) = trace.injected()
    assert (injected.name, injected.error) == ("fdatasync", "EIO")
    assert injected.paths == (str(tmp_path / "file"),)
    syncs = [call for call in trace.calls() if call.name == "fdatasync"]
    assert [call.error for call in syncs] == ["", "EIO", ""]
    assert [call.injected for call in syncs] == [False, True, False]


@needs_strace
def test_what_comes_too_seldom_is_not_injected(tmp_path):
    said, trace = run(tmp_path, Injection("fdatasync", "EIO", 4))
    assert said == ""
    assert trace.injected() == []
    assert len(trace.calls()) > 6


@needs_strace
def test_a_process_that_is_not_there_cannot_be_watched(tmp_path):
    with pytest.raises(OSError, match="did not attach"):
        Trace(2**22 - 1, tmp_path / "log", [tmp_path], Injection("read", "EIO", 1))


def test_a_call_that_was_interrupted_by_another_threads_is_read_whole():
    lines = [
        '7  1.5 openat(3</d>, "0001.log", O_WRONLY|O_CREAT, 0600 <unfinished ...>',
        "8  1.6 fdatasync(4</d/a>) = -1 EIO (Input/output error) (INJECTED)",
        "7  1.7 <... openat resumed>) = 5</d/0001.log>",
        "7  1.8 +++ exited with 0 +++",
    ]
    assert list(parse(lines)) == [
        Call(8, 1.6, "fdatasync", ("/d/a",), "-1", "EIO", injected=True),
        Call(7, 1.7, "openat", ("/d", "0001.log"), "5", "", injected=False),
    ]
