"""`penstock repair` says what a cut gives up, asks, cuts, and keeps what it cut off."""

import os
import pty
import subprocess

import pytest

from penstock.cli.verbs.repair import place
from penstock.errors import FlagError
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import used
from tests.cli.command_line import PENSTOCK, penstock
from tests.cli.data_folder import flip, image, segments


@pytest.fixture
def damaged(written):
    flip(segments(written)[0], 1024 + 100)
    return written


@pytest.mark.parametrize(
    ("text", "number", "offset"),
    [("3:4096", 3, 4096), ("0000000003.log:4096", 3, 4096), ("3.log:0", 3, 0)],
)
def test_a_place_is_a_segment_and_an_offset(text, number, offset):
    assert place(text) == (number, offset)


@pytest.mark.parametrize("text", ["3", "3:", ":4096", "mark:0", "3:-512", "3:4k"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(FlagError, match="allowed is SEGMENT:OFFSET, such as 3:4096"):
        place(text)


def test_after_a_repair_a_server_would_start_and_nothing_is_thrown_away(damaged):
    before = (damaged / "0000000001.log").read_bytes()
    done = penstock("repair", str(damaged), "--cut-at", "1:1024", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    first, *told, last = done.stdout.splitlines()
    assert first == f"cutting {damaged} at 1:1024 gives up"
    assert told[0].startswith("  1.6 KiB that were written: 0000000001.log from offset")
    assert told[1] == "  3 batches of it can still be read, 3 to 5, 3 events"
    assert last == f"cut; what was behind it is kept in {damaged}/quarantine"
    (kept,) = (damaged / "quarantine").iterdir()
    assert kept.read_bytes() == used(before[1024:])
    checked = penstock("check", str(damaged))
    assert checked.returncode == 0
    assert "jobs: 1 ready; the next id is 1000000004" in checked.stdout


def test_without_yes_nobody_is_cut_where_nobody_can_be_asked(damaged):
    before = image(damaged)
    done = penstock("repair", str(damaged), "--cut-at", "1:1024")
    assert done.returncode == 2
    assert done.stderr == "penstock: nobody is there to be asked: add --yes\n"
    assert image(damaged) == before


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1)])
def test_who_is_there_is_asked(damaged, answer, status):
    before = image(damaged)
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    line = [*PENSTOCK, "repair", str(damaged), "--cut-at", "1:1024"]
    done = subprocess.run(line, stdin=theirs, capture_output=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == status
    assert (image(damaged) == before) is (status == 1)
    assert (b"nothing was changed" in done.stdout) is (status == 1)


def test_a_folder_that_a_server_uses_is_left_alone(damaged):
    server = FileFolder(damaged)
    server.lock()
    before = image(damaged)
    done = penstock("repair", str(damaged), "--cut-at", "1:1024", "--yes")
    assert (done.returncode, done.stdout) == (os.EX_TEMPFAIL, "")
    assert done.stderr.startswith(f"penstock: lock {damaged}: Another server is using")
    assert image(damaged) == before
    server.close()


def test_a_wrong_place_is_status_2(damaged):
    done = penstock("repair", str(damaged), "--cut-at", "1:1000", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("penstock: --cut-at 1:1000: allowed is a multiple")


def test_of_a_segment_that_is_gone_nothing_is_kept_and_what_is_lost_is_said(written):
    (segment,) = segments(written)
    segment.unlink()
    done = penstock("repair", str(written), "--cut-at", "1:0", "--yes")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[1] == "  nothing is there behind it"
    assert lines[2].startswith("  damaged: 0000000001.log: ")
    assert lines[-1] == "cut"
    assert not (written / "quarantine").exists()


def test_what_the_disk_refuses_is_said_with_the_folder(damaged):
    (damaged / "quarantine").touch()  # no folder can be made there
    done = penstock("repair", str(damaged), "--cut-at", "1:1024", "--yes")
    assert done.returncode == os.EX_IOERR
    assert done.stderr.startswith(f"penstock: repair {damaged}: ")
    assert done.stderr.count("\n") == 1
