"""A machine whose power can be cut: it really loses what was not synced."""

from __future__ import annotations

import select
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.testing import uml
from penstock.testing.uml import Machine, new_disk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not uml.is_available(), reason="user-mode-linux or e2fsprogs is not installed"
    ),
]

# Writes one file and syncs it, adds to it without a sync, writes another, says so.
WRITES = """
import os, signal
file = os.open("/run/data/synced", os.O_CREAT | os.O_WRONLY)
os.write(file, b"x" * 8192)
os.fsync(file)
folder = os.open("/run/data", os.O_RDONLY)
os.fsync(folder)
os.write(file, b"y" * 8192)
other = os.open("/run/data/other", os.O_CREAT | os.O_WRONLY)
os.write(other, b"z" * 8192)
said = os.open("/run/share/said", os.O_CREAT | os.O_WRONLY)
os.write(said, b"written")
os.fsync(said)
signal.pause()
"""

READS = """
import os, pathlib
data = pathlib.Path("/run/data")
for path in sorted(data.iterdir()):
    if path.is_file():
        print("FOUND", path.name, len(path.read_bytes()))
"""


@pytest.fixture
def share() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=uml.MEMORY) as folder:
        yield Path(folder)


def wait_for(path: Path, machine: Machine) -> None:
    last = time.monotonic() + 30
    while not (path.exists() and path.read_bytes()):
        assert machine.is_on(), machine.console().read_text()
        assert time.monotonic() < last, machine.console().read_text()
        select.select([], [], [], 0.01)


def test_it_runs_a_command_and_tells_its_status(share):
    disk = new_disk(share / "disk")
    command = [
        sys.executable,
        "-c",
        "import os; print(os.uname()); raise SystemExit(7)",
    ]
    with Machine(share, disk, command) as machine:
        assert machine.wait(30) == 7, machine.console().read_text()
        assert not machine.is_on()
    assert "sysname='Linux'" in machine.console().read_text()


def test_a_command_that_cannot_run_is_no_success(share):
    with Machine(share, new_disk(share / "disk"), ["/nowhere"]) as machine:
        assert machine.wait(30) == 127


def test_it_cannot_change_the_hosts_files(share):
    script = f"open({str(Path(__file__).parent / 'written')!r}, 'w')"
    command = [sys.executable, "-c", script]
    with Machine(share, new_disk(share / "disk"), command) as machine:
        assert machine.wait(30) == 1
    assert "Read-only file system" in machine.console().read_text()


def test_what_was_synced_survives_a_cut_and_nothing_else(share):
    disk = new_disk(share / "disk")
    with Machine(share, disk, [sys.executable, "-c", WRITES]) as machine:
        wait_for(share / "said", machine)
        machine.cut()
        assert not machine.is_on()
        assert machine.wait(0) is None
    with Machine(share, disk, [sys.executable, "-c", READS]) as machine:
        assert machine.wait(30) == 0, machine.console().read_text()
    lines = machine.console().read_text().splitlines()
    assert [n for n in lines if n.startswith("FOUND")] == ["FOUND synced 8192"]


def test_a_cut_leaves_no_process(share):
    idle = [
        sys.executable,
        "-c",
        "import os, signal; open('/run/share/said', 'w').write('x'); os.sync();"
        "signal.pause()",
    ]
    with Machine(share, new_disk(share / "disk"), idle) as machine:
        wait_for(share / "said", machine)
        assert len(machine.processes()) > 1
    assert machine.processes() == []
