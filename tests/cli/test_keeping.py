"""The data folder is chosen, owned and timed before a server writes to it."""

import errno
import os
from pathlib import Path

import pytest

from penstock.cli import keeping, volume
from penstock.config import Settings, Sync, load
from penstock.errors import ConfigError, LogBusy, LogError
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import LOCK


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory in which nobody has left a file."""
    monkeypatch.chdir(tmp_path)


def settings(**flags) -> Settings:
    return load(flags, None, {})


def place(said: Settings, environ=None, *, any_file_system=False):
    return keeping.place(said, environ or {}, any_file_system=any_file_system)


def test_a_place_is_the_folder_in_full_and_when_to_sync(tmp_path):
    found = place(settings(data="jobs", sync="interval:5"))
    assert found is not None
    assert (found.folder, found.sync) == (
        tmp_path / "jobs",
        Sync("interval:5", 5_000_000),
    )


def test_jobs_in_memory_have_no_place():
    assert place(settings(memory=True)) is None


def test_without_a_folder_the_service_has_its_own():
    found = place(settings(), {"STATE_DIRECTORY": "/var/lib/jobs"})
    assert found is not None
    assert found.folder == Path("/var/lib/jobs")


def test_a_file_system_that_may_lose_synced_data_has_to_be_typed_out(monkeypatch):
    monkeypatch.setattr(volume, "kind_of", lambda path: "nfs4")
    with pytest.raises(ConfigError, match="add --any-file-system"):
        place(settings(data="/srv/jobs"))
    found = place(settings(data="/srv/jobs"), any_file_system=True)
    assert found is not None
    assert "nfs4" in str(found.warning)


def test_a_folder_is_made_and_owned(tmp_path):
    folder = keeping.own(tmp_path / "deep" / "jobs")
    with pytest.raises(LogBusy):
        FileFolder(tmp_path / "deep" / "jobs").lock()
    folder.close()


@pytest.mark.parametrize(
    ("path", "why"),
    [("file", "Not a directory"), ("file/jobs", "Not a directory")],
)
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, path, why):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LogError) as told:
        keeping.own(tmp_path / path)
    assert str(told.value) == (
        f"open {tmp_path / path}: The log could not do what was asked of it."
        f" ({why}: name another folder with --data)"
    )


def test_a_sync_is_timed_without_changing_anything(tmp_path):
    folder = keeping.own(tmp_path / "jobs")
    folder.sign()
    took = keeping.time_syncs(folder)
    assert took is not None
    assert 0 < took < 10**10
    assert (tmp_path / "jobs" / LOCK).read_text().lstrip() == f"{os.getpid()}\n"
    folder.close()


class Refusing(FileFolder):
    """A folder on a disk that refuses to write."""

    def __init__(self, path: Path, error: int) -> None:
        super().__init__(path)
        self._error = error

    def write(self, name: str, offset: int, content: bytes) -> None:
        raise OSError(self._error, os.strerror(self._error), name)


def test_on_a_full_disk_nothing_is_timed_and_other_failures_are_told(tmp_path):
    keeping.own(tmp_path / "jobs").close()
    assert keeping.time_syncs(Refusing(tmp_path / "jobs", errno.ENOSPC)) is None
    with pytest.raises(OSError, match="Input/output error"):
        keeping.time_syncs(Refusing(tmp_path / "jobs", errno.EIO))
