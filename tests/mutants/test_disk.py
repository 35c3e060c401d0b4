"""The threads that write, watched from outside: which calls, in which order."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.log.file import NEVER
from penstock.testing.tracing import Injection, Trace, release, start_held

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed here"
)
EIO = 5
NOTHING = Injection("fdatasync", "EIO", 60_000)  # which no test reaches

# Does what it is told, one thing after the other, and prints each outcome.
PROGRAM = """
import json, sys
from pathlib import Path
from penstock.log.file.disk import Disk
disk = Disk(Path(sys.argv[1]), int(sys.argv[2]))
def hear():
    told = disk.outcomes()
    while not told:
        disk.wait()
        told = disk.outcomes()
    for outcome in told:
        print(json.dumps([outcome.kind, outcome.name, outcome.error, outcome.call]))
for number, step in enumerate(sys.argv[3:], 1):
    verb, name = step.split()
    if verb == "write":
        parts = (b"a" * 300, b"b" * 700, b"c" * 1048)
        disk.write(number, name, 512, parts)
        hear()
    elif verb == "prepare":
        disk.prepare(name, 4096)
        hear()
    elif verb == "discard":
        disk.discard(name)
        hear()
disk.close()
"""
CONTENT = b"a" * 300 + b"b" * 700 + b"c" * 1048
FILES = ("one.log", "two.log")


class ShortWrite(Injection):
    """The n-th such call takes 512 bytes, as far as its caller is told."""

    def expression(self) -> str:
        return f"inject={self.call}:retval=512:when={self.nth}"


class Run:
    """What a disk did and told. Calls on the folder itself have the name `data`."""

    def __init__(self, tmp_path, *steps, interval=0, injection=NOTHING):
        self.folder = tmp_path / "data"
        self.folder.mkdir()
        for name in FILES:
            (self.folder / name).write_bytes(bytes(4096))
        words = [str(self.folder), str(interval), *steps]
        command = [sys.executable, "-c", PROGRAM, *words]
        paths = [self.folder, *(self.folder / n for n in (*FILES, "three.log"))]
        process = start_held(command, stdout=subprocess.PIPE)
        with Trace(process.pid, tmp_path / "trace", paths, injection) as trace:
            release(process)
            said, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        self.outcomes = [json.loads(line) for line in said.decode().splitlines()]
        wanted = ("pwritev", "pwrite64", "fdatasync", "fsync", "unlinkat", "unlink")
        self.calls = [
            (call.name, Path(call.paths[0]).name)
            for call in trace.calls()
            if call.name in wanted
        ]


def test_a_batch_is_written_and_synced(tmp_path):
    run = Run(tmp_path, "write one.log")
    assert run.calls == [("pwritev", "one.log"), ("fdatasync", "one.log")]
    assert run.outcomes == [["synced", "one.log", 0, ""]]
    assert (run.folder / "one.log").read_bytes()[512:2560] == CONTENT


def test_a_short_write_goes_on_where_it_ended(tmp_path):
    run = Run(tmp_path, "write one.log", injection=ShortWrite("pwritev", "", 1))
    assert [name for name, _ in run.calls] == ["pwritev", "pwritev", "fdatasync"]
    # The injected call wrote nothing, although it said so.
    content = (run.folder / "one.log").read_bytes()[512:2560]
    assert content == bytes(512) + CONTENT[512:]


def test_a_sync_that_fails_is_told_and_not_repeated(tmp_path):
    run = Run(tmp_path, "write one.log", injection=Injection("fdatasync", "EIO", 1))
    assert run.outcomes == [["synced", "one.log", EIO, "fdatasync"]]
    assert run.calls == [("pwritev", "one.log"), ("fdatasync", "one.log")]


def test_a_write_that_fails_is_told_and_not_synced(tmp_path):
    run = Run(tmp_path, "write one.log", injection=Injection("pwritev", "ENOSPC", 1))
    assert run.outcomes == [["synced", "one.log", 28, "pwritev"]]
    assert run.calls == [("pwritev", "one.log")]


def test_a_segment_is_durable_before_anything_stands_in_the_next(tmp_path):
    run = Run(tmp_path, "write one.log", "write two.log", interval=NEVER)
    assert run.calls[:3] == [
        ("pwritev", "one.log"),
        ("fdatasync", "one.log"),
        ("pwritev", "two.log"),
    ]


def test_after_a_late_sync_has_failed_nothing_is_written(tmp_path):
    failing = Injection("fdatasync", "EIO", 1)
    run = Run(
        tmp_path, "write one.log", "write two.log", interval=NEVER, injection=failing
    )
    assert run.calls == [("pwritev", "one.log"), ("fdatasync", "one.log")]
    assert EIO in [error for _kind, _name, error, _call in run.outcomes]


def test_closing_syncs_what_was_written(tmp_path):
    run = Run(tmp_path, "write one.log", interval=NEVER)
    assert run.calls == [("pwritev", "one.log"), ("fdatasync", "one.log")]


def test_a_prepared_segment_is_durable_and_so_is_its_name(tmp_path):
    run = Run(tmp_path, "prepare three.log")
    assert run.calls[0] == ("pwrite64", "three.log")
    assert run.calls[-2:] == [("fdatasync", "three.log"), ("fsync", "data")]
    assert run.outcomes == [["prepared", "three.log", 0, ""]]
    assert (run.folder / "three.log").read_bytes() == bytes(4096)


def test_a_removed_segment_is_gone_for_good(tmp_path):
    run = Run(tmp_path, "discard one.log")
    assert [name for name, _ in run.calls] == ["unlinkat", "fsync"]
    assert run.outcomes == [["discarded", "one.log", 0, ""]]
