"""What runs inside a machine: it tells what it finds."""

from __future__ import annotations

import sys
import tempfile
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
GUEST = [sys.executable, "-m", "penstock.testing.kernel_guest"]


def test_a_disk_without_what_was_synced_is_told_from_one_with_it():
    with tempfile.TemporaryDirectory(dir=uml.MEMORY) as name:
        share = Path(name)
        with Machine(share, new_disk(share / "disk"), [*GUEST, "read"]) as machine:
            assert machine.wait(60) == 1, machine.console().read_text()
        assert "{}" in machine.console().read_text()


def test_a_server_that_does_not_start_is_no_success():
    with tempfile.TemporaryDirectory(dir=uml.MEMORY) as name:
        share = Path(name)
        command = [*GUEST, "drain", "1", "/bin/false"]
        with Machine(share, new_disk(share / "disk"), command) as machine:
            assert machine.wait(60) == 1, machine.console().read_text()
        assert "server: 1" in machine.console().read_text()
