"""A binlog is taken over once; one that went on without us stops a start."""

from __future__ import annotations

import os
import shutil

import pytest

from penstock.cli import takeover
from penstock.errors import ConfigError, LogBusy
from penstock.log.file import unfinished
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import UNFINISHED
from penstock.log.file.scan import Scan
from tests.beanstalkd.records import HEADER, record


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "binlog.1").write_bytes(HEADER + record(1) + record(2))
    return tmp_path


def events(folder):
    data = FileFolder(takeover.data_of(folder), reading=True)
    return [batch.count for batch in Scan(data).batches()]


def test_the_jobs_are_there_and_the_binlog_as_it_was(folder):
    before = (folder / "binlog.1").read_bytes()
    takeover.take_over(folder)
    assert events(folder) == [3, 1]  # the start and two jobs, the end
    assert (folder / "binlog.1").read_bytes() == before


def test_they_are_taken_over_once(folder):
    takeover.take_over(folder)
    takeover.take_over(folder)
    assert events(folder) == [3, 1]


def test_without_a_binlog_nothing_is_done(tmp_path):
    takeover.take_over(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_a_beanstalkd_has_run_since_somebody_has_to_look(folder):
    takeover.take_over(folder)
    (folder / "binlog.2").write_bytes(HEADER + record(3))
    with pytest.raises(ConfigError, match="a beanstalkd has run here since"):
        takeover.take_over(folder)
    (folder / "binlog.1").unlink()
    (folder / "binlog.2").unlink()
    takeover.take_over(folder)
    assert events(folder) == [3, 1]


def test_a_binlog_beside_a_store_that_never_took_it_over_is_seen(folder):
    takeover.take_over(folder)
    (takeover.data_of(folder) / takeover.KNOWN).unlink()
    with pytest.raises(ConfigError, match="a beanstalkd has run here since"):
        takeover.take_over(folder)


def test_what_was_broken_off_is_begun_anew(folder):
    takeover.take_over(folder)
    data = FileFolder(takeover.data_of(folder))
    unfinished.begin(data)
    takeover.take_over(folder)
    assert events(folder) == [3, 1]
    assert not (data.path / UNFINISHED).exists()


def test_broken_off_before_the_first_batch_it_is_begun_anew(folder):
    takeover.take_over(folder)
    data = takeover.data_of(folder)
    known = (data / takeover.KNOWN).read_bytes()
    shutil.rmtree(data)
    data.mkdir()
    (data / takeover.KNOWN).write_bytes(known)
    takeover.take_over(folder)
    assert events(folder) == [3, 1]


def test_what_can_be_read_of_a_damaged_one_is_there(folder, capsys):
    (folder / "binlog.2").write_bytes(HEADER + record(3)[:-1])
    takeover.take_over(folder)
    assert events(folder) == [3, 1]


def test_the_folder_is_locked_as_beanstalkd_locks_it(folder):
    held = takeover.hold(folder)
    child = os.fork()
    if not child:
        try:
            takeover.hold(folder)
        except LogBusy:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    os.close(held)
