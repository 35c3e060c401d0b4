"""Filling a folder: all of it, or a folder that no server takes."""

from __future__ import annotations

import pytest

from penstock.cli.filling import fill
from penstock.core.job import READY
from penstock.errors import FlagError, LogBusy, LogUnfinished
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import UNFINISHED
from penstock.log.file.scan import Scan
from penstock.server.intake import Job

WALL = 1_700_000_000 * 10**9


def jobs(count):
    ids = range(1, count + 1)
    return [Job(id, b"t", b"body", 0, 0, 10**9, READY, WALL) for id in ids]


def batches(path):
    return list(Scan(FileFolder(path, reading=True)).batches())


def test_a_new_folder_is_made_and_filled(tmp_path):
    path = tmp_path / "below" / "data"
    fill(path, jobs(10), 10, WALL, 100)
    assert batches(path)[-1].next_id == 100
    assert not (path / UNFINISHED).exists()
    FileFolder(path).lock()  # nobody has it any more


def broken(count):
    yield from jobs(count)
    raise KeyboardInterrupt


def test_what_was_broken_off_is_no_servers_and_is_begun_anew(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, broken(10), 10, WALL, 100)
    with pytest.raises(LogUnfinished):
        batches(tmp_path)
    fill(tmp_path, jobs(3), 3, WALL, 50)
    assert batches(tmp_path)[-1].next_id == 50
    assert batches(tmp_path)[0].count == 4  # the start, and three jobs


def test_a_folder_that_has_had_jobs_is_left_as_it_is(tmp_path):
    fill(tmp_path, jobs(3), 3, WALL, 50)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(FlagError, match="there have been jobs"):
        fill(tmp_path, jobs(5), 5, WALL, 50)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_servers_folder_is_refused(tmp_path):
    server = FileFolder(tmp_path)
    server.lock()
    with pytest.raises(LogBusy):
        fill(tmp_path, jobs(1), 1, WALL, 2)
    server.close()
