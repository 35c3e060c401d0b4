"""Binlog folders written by hand: the last record of a job counts, damage is named."""

import os
import struct

import pytest

from penstock.beanstalkd.binlog import opened
from penstock.core.job import BURIED, DELAYED, READY
from penstock.errors import FlagError, LogError
from tests.beanstalkd import records
from tests.beanstalkd.records import HEADER, record, update


def write(folder, *files, header=HEADER):
    for number, parts in enumerate(files, 1):
        (folder / f"binlog.{number}").write_bytes(header + b"".join(parts))


def read(folder):
    with opened(folder, lambda done, total: None) as found:
        bodies = {id: job.body() for id, job in found.jobs.items()}
        return found, bodies


def holes(folder):
    with opened(folder, lambda done, total: None) as found:
        return found.holes()


def test_jobs_are_read_from_all_files_in_order_of_their_numbers(tmp_path):
    files = [[record(id, body=b"%d" % id)] for id in range(1, 12)]
    write(tmp_path, *files)
    found, bodies = read(tmp_path)
    assert bodies == {id: b"%d" % id for id in range(1, 12)}
    assert list(bodies) == list(range(1, 12))
    assert (found.files, found.next_id, found.damages) == (11, 12, [])


def test_the_last_record_says_how_a_job_is(tmp_path):
    later = [update(1, records.DELAYED, pri=8), update(2, records.GONE)]
    write(tmp_path, [record(1), record(2)], later)
    found, _bodies = read(tmp_path)
    assert list(found.jobs) == [1]
    assert found.jobs[1].numbers.pri == 8
    assert found.states() == {"ready": 0, "delayed": 1, "buried": 0}
    assert found.tubes() == {"mail": 1}


def test_a_job_that_was_written_again_is_one_job(tmp_path):
    write(tmp_path, [record(1)], [record(1, pri=8)])
    found, bodies = read(tmp_path)
    assert bodies == {1: b"hello"}
    assert found.jobs[1].numbers.pri == 8


def test_an_id_may_be_used_again_once_its_job_is_gone(tmp_path):
    write(tmp_path, [record(1), update(1, records.GONE), record(1, body=b"other")])
    assert read(tmp_path)[1] == {1: b"other"}


def test_what_is_said_of_a_job_whose_file_is_gone_is_passed_over(tmp_path):
    write(tmp_path, [update(1, records.BURIED), record(2)])
    found, bodies = read(tmp_path)
    assert (list(bodies), found.damages, found.next_id) == ([2], [], 3)


def test_the_line_of_buried_jobs_is_that_of_their_burial(tmp_path):
    bury = [update(id, records.BURIED) for id in (2, 3, 1)]
    again = [update(2, records.READY), update(2, records.BURIED)]
    copy = [record(3, state=records.BURIED)]
    write(tmp_path, [*(record(id) for id in (1, 2, 3)), *bury, *again, *copy])
    found, _bodies = read(tmp_path)
    assert all(job.numbers.state == BURIED for job in found.jobs.values())
    assert sorted(found.jobs, key=lambda id: found.jobs[id].place) == [3, 1, 2]


def test_files_that_were_only_prepared_hold_nothing(tmp_path):
    write(tmp_path, [record(1), bytes(500)])
    (tmp_path / "binlog.2").write_bytes(bytes(4096))
    (tmp_path / "binlog.3").write_bytes(b"")
    (tmp_path / "binlog.04").write_bytes(b"not one of them")
    found, bodies = read(tmp_path)
    assert (list(bodies), found.damages, found.files) == ([1], [], 3)


def test_a_big_endian_machine_writes_the_same(tmp_path):
    write(tmp_path, [record(1, order=">")], header=struct.pack(">i", 7))
    assert read(tmp_path)[1] == {1: b"hello"}


# Damage.


def test_behind_damage_the_next_file_goes_on(tmp_path):
    bad = bytearray(record(2))
    bad[-1] = 0
    write(tmp_path, [record(1), bad, record(3)], [record(4)])
    found, bodies = read(tmp_path)
    assert list(bodies) == [1, 4]
    (damage,) = found.damages
    size = len(record(1))
    assert (damage.file, damage.offset) == ("binlog.1", len(HEADER) + size)
    assert damage.reason == "a body does not end where it should"
    assert damage.hidden == 2 * size
    assert found.lost() == [2, 3]


def test_zeros_in_the_middle_are_no_end(tmp_path):
    write(tmp_path, [record(1), bytes(300), record(2)])
    found, bodies = read(tmp_path)
    assert list(bodies) == [1]
    assert found.damages[0].reason == "zeros, and something behind them"
    assert found.lost() == [2]


def test_what_turns_up_later_is_not_lost(tmp_path):
    bad = b"\xff" * 8
    later = [record(2), update(3, records.GONE)]
    write(tmp_path, [record(1), bad, record(2), record(3), record(4)], later)
    found, bodies = read(tmp_path)
    assert list(bodies) == [1, 2]
    assert found.damages[0].ids == (2, 3, 4)
    assert found.lost() == [4]


def test_a_body_of_two_sizes_is_damage(tmp_path):
    write(tmp_path, [record(1)], [update(1, records.READY, b"longer body")])
    found, bodies = read(tmp_path)
    assert bodies == {1: b"hello"}
    assert found.damages[0].reason == "a job's body has two sizes"


def test_a_file_without_a_version_is_damage_and_no_other(tmp_path):
    write(tmp_path, [record(1)], [record(2)])
    (tmp_path / "binlog.1").write_bytes(b"\xee" * 600)
    found, bodies = read(tmp_path)
    assert list(bodies) == [2]
    assert found.damages[0].reason == "it begins with no version of a binlog"


def test_a_missing_file_is_damage_unless_it_is_older_than_all(tmp_path):
    write(tmp_path, [record(1)], [record(2)], [record(3)], [record(4)])
    (tmp_path / "binlog.1").unlink()
    (tmp_path / "binlog.3").unlink()
    found, bodies = read(tmp_path)
    assert list(bodies) == [2, 4]
    (damage,) = found.damages
    assert (damage.file, damage.reason) == (
        "binlog.3",
        "missing, though there is binlog.4",
    )


def test_a_sector_of_zeros_in_a_body_is_named(tmp_path):
    """It may have been put like that."""
    body = b"x" * 600 + bytes(1200) + b"y" * 50
    near = b"x" * 10 + bytes(700)
    write(tmp_path, [record(1), record(2, body=body), record(3, body=near)])
    _found, bodies = read(tmp_path)
    assert bodies[2] == body
    assert holes(tmp_path) == [2]


# What is refused.


def test_a_folder_without_a_binlog_is_refused(tmp_path):
    with pytest.raises(FlagError, match=r"there is no binlog\.N in it"):
        read(tmp_path)
    with pytest.raises(FlagError, match="there is no such folder"):
        read(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(FlagError, match="this is no folder"):
        read(tmp_path / "file")


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_format_of_old_releases_is_refused(tmp_path, order):
    write(tmp_path, [record(1)], header=struct.pack(order + "i", 5))
    with pytest.raises(LogError, match=r"of beanstalkd 1\.4\.6 or earlier"):
        read(tmp_path)


def test_a_lock_that_nobody_holds_is_no_hindrance(tmp_path):
    write(tmp_path, [record(1)])
    (tmp_path / "lock").touch()
    assert list(read(tmp_path)[1]) == [1]


def test_progress_is_told_in_bytes(tmp_path):
    write(tmp_path, [record(1)], [record(2)])
    told = []
    with opened(tmp_path, lambda done, total: told.append((done, total))):
        pass
    size = os.path.getsize(tmp_path / "binlog.1")
    assert told == [(size, 2 * size), (2 * size, 2 * size)]


def test_ready_and_delayed_jobs_are_told_apart(tmp_path):
    write(tmp_path, [record(1), record(2, state=records.DELAYED)])
    found, _bodies = read(tmp_path)
    states = [job.numbers.state for job in found.jobs.values()]
    assert states == [READY, DELAYED]
