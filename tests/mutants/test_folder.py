"""What a name stands for is synced before and after it is given that name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.log.file.folder import FileFolder

WATCHED = ("fsync", "fdatasync", "pwrite", "posix_fadvise", "rename", "mkdir")


@pytest.fixture
def calls(monkeypatch):
    """Note the system calls that make things durable, with the file they are about."""
    noted = []

    def watch(name):
        real = getattr(os, name)

        def call(about, *arguments, **options):
            noted.append((name, _name_of(about)))
            return real(about, *arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in WATCHED:
        watch(name)
    return noted


def _name_of(about) -> str:
    path = os.readlink(f"/proc/self/fd/{about}") if isinstance(about, int) else about
    return Path(path).name


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return FileFolder(tmp_path / "data")


def test_a_new_file_is_durable_and_so_is_its_name(folder, calls):
    folder.create("a", 1000)
    assert calls == [("pwrite", "a"), ("fsync", "a"), ("fsync", "data")]
    assert folder.read("a", 0, 2000) == bytes(1000)


def test_overwritten_bytes_are_durable(folder, calls):
    folder.create("a", 10)
    calls.clear()
    folder.write("a", 5, b"x")
    assert calls == [("pwrite", "a"), ("fdatasync", "a")]


def test_a_replaced_file_is_durable_before_it_has_its_name_and_its_name_then(
    folder, calls
):
    folder.replace("a", b"new")
    assert calls == [
        ("pwrite", "a.new"),
        ("fsync", "a.new"),
        ("rename", "a.new"),
        ("fsync", "data"),
    ]
    assert folder.read("a", 0, 10) == b"new"


def test_a_first_quarantine_is_durable_in_its_folder(folder, calls):
    folder.replace("quarantine/a", b"cut")
    assert ("fsync", "data") in calls
    assert calls[-2:] == [("rename", "a.new"), ("fsync", "quarantine")]


def test_a_folder_that_is_made_is_durable_in_the_one_above(tmp_path, calls):
    FileFolder(tmp_path / "one" / "two").make()
    assert [c for c in calls if c[0] == "fsync"] == [
        ("fsync", tmp_path.name),
        ("fsync", "one"),
    ]


def test_what_is_distrusted_is_synced_and_then_forgotten(folder, calls):
    folder.create("a", 10)
    calls.clear()
    folder.distrust("a")
    assert calls == [("fdatasync", "a"), ("posix_fadvise", "a")]
