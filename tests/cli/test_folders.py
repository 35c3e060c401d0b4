"""Folders are opened with one line where they cannot be, beside a server or not."""

import os
from pathlib import Path

import pytest

from penstock.cli import folders
from penstock.errors import FlagError, LogBusy, LogCorrupt, LogError, NewerFormat
from penstock.log.file.folder import FileFolder
from tests.cli.data_folder import image


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FlagError, match="nope: there is no such folder"):
        folders.for_reading(tmp_path / "nope")


def test_a_folder_without_a_store_is_none_of_ours(tmp_path):
    with pytest.raises(FlagError, match="no data folder, there is no file 'store'"):
        folders.for_changing(tmp_path)


def test_segments_without_a_store_are_ours_and_damaged(written):
    (written / "store").unlink()
    assert folders.for_reading(written).path == written


def test_the_folder_is_the_one_that_a_server_would_have(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PENSTOCK_DATA", raising=False)
    assert folders.configured(Path("/given"), None) == Path("/given")
    Path("penstock.toml").write_text('data = "jobs"')
    assert folders.configured(None, None) == tmp_path / "jobs"
    Path("other.toml").write_text("memory = true")
    with pytest.raises(FlagError, match="name a folder with --data"):
        folders.configured(None, Path("other.toml"))


def test_nobody_owns_a_folder_that_no_server_uses(written):
    before = image(written)
    assert folders.owner(folders.for_reading(written)) is None
    assert image(written) == before


def test_a_copy_without_a_lock_is_nobodys(written):
    (written / "lock").unlink()
    assert folders.owner(folders.for_reading(written)) is None
    assert not (written / "lock").exists()


def test_the_server_that_owns_a_folder_is_named(written):
    server = FileFolder(written)
    server.lock()
    server.sign()
    assert folders.owner(folders.for_reading(written)) == f"pid {os.getpid()}"
    server.close()


class Looks:
    """Fails as often as the test wants."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self.failures:
            raise self.failures.pop(0)
        return "seen"


def torn() -> LogError:
    return LogCorrupt("read", "0000000001.log", offset=0)


def test_damage_is_believed_at_once_where_nobody_writes(written):
    look = Looks(torn())
    with pytest.raises(LogCorrupt):
        folders.patiently(folders.for_reading(written), look)
    assert look.count == 1


def test_beside_a_server_damage_is_looked_at_again(written):
    server = FileFolder(written)
    server.lock()
    look = Looks(torn(), FileNotFoundError())
    assert folders.patiently(folders.for_reading(written), look) == "seen"
    stubborn = Looks(*(torn() for _ in range(9)))
    with pytest.raises(LogCorrupt):
        folders.patiently(folders.for_reading(written), stubborn)
    assert stubborn.count == folders.LOOKS
    server.close()


def fail(error: Exception) -> None:
    with folders.named(Path("/data")):
        raise error


def test_what_went_wrong_with_a_file_names_its_folder():
    with pytest.raises(LogCorrupt) as told:
        fail(LogCorrupt("read", "0000000001.log", offset=512, hint="why"))
    assert str(told.value) == (
        "read /data/0000000001.log at offset 512: What was read is not what was"
        " written. (why)"
    )
    with pytest.raises(NewerFormat, match=r"^/data: format 2; nothing"):
        fail(NewerFormat("format 2"))
    with pytest.raises(LogError, match=r"^read /data/1.log: .*letting go of it, try"):
        fail(FileNotFoundError(2, "No such file", "/data/1.log"))
    with pytest.raises(LogBusy, match=r"^lock /data: Another"):
        fail(LogBusy("lock", "/data"))
