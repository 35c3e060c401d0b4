"""Folders of every released format open; those of a later one are left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.core.engine import Engine
from penstock.log import frame
from penstock.log.file import layout
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import (
    QUARANTINE,
    SECTOR,
    STORE,
    read_header,
    read_store,
    segment_number,
    store_line,
    write_header,
)
from penstock.server.recovery import recover
from penstock.testing import ManualClock
from penstock.testing.log_contract import sample
from tests.cli.command_line import penstock
from tests.server.golden import LATER, told
from tests.server.keeper import SMALL, START

DATA = Path(__file__).parent.parent / "data"
FORMATS = sorted(path for path in DATA.glob("format-*") if path.is_dir())


@pytest.fixture
def folder(tmp_path):
    """A copy of the folder of this format, with a lock like any that was used."""
    copied = shutil.copytree(DATA / "format-1", tmp_path / "data")
    (copied / "lock").touch()
    return copied


def start(folder):
    """Start on a folder as the server does; give the log and the engine."""
    engine = Engine()
    log = FileLog(FileFolder(folder), Disk(folder, 0), SMALL)
    clock = ManualClock(wall=START + LATER)
    recover(engine, log, clock, lambda seq: None)
    return log, engine


def append(log, batch):
    log.append(batch)
    log.finish()
    log.close()


def contents(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def last_segment(folder):
    return max(path for path in folder.iterdir() if segment_number(path.name))


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_a_folder_of_each_format_opens_with_all_that_it_held(path, tmp_path):
    folder = shutil.copytree(path, tmp_path / "data")
    wanted = path.with_suffix(".txt").read_text()
    before = contents(folder)
    log, engine = start(folder)
    assert told(engine) == wanted
    log.close()
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"lock"}


def test_it_has_something_of_everything():
    text = (DATA / "format-1.txt").read_text()
    for word in (
        *('"ready"', '"delayed"', '"reserved"', '"buried"', '"held"'),
        *("job_image", "set_image", "pause_image", "waits for 8"),
        *(
            '"lease": true',
            "result",
            "strict",
            "moved",
            "the last one that was acknowledged",
        ),
    ):
        assert word in text, word
    assert "torn" not in text
    assert "short-lived" not in text


def test_its_torn_end_is_kept_when_the_server_goes_on(folder):
    log, engine = start(folder)
    torn = log.torn
    log.append(engine.turn.batch)
    log.finish()
    log.close()
    name = f"{QUARANTINE}{torn.number:010}-{torn.offset}.cut"
    assert b"torntorn" in contents(folder)[name]
    log, again = start(folder)
    assert len(again.index.jobs) == len(engine.index.jobs)
    log.close()


# A later format.


def newer_store(folder, monkeypatch):
    store = read_store((folder / STORE).read_bytes())
    monkeypatch.setattr(layout, "FORMAT", 2)
    (folder / STORE).write_bytes(store_line(store))


def newer_segment(folder, monkeypatch):
    path = last_segment(folder)
    content = path.read_bytes()
    header = read_header(content[:SECTOR])
    assert header is not None
    monkeypatch.setattr(layout, "FORMAT", 2)
    path.write_bytes(write_header(header) + content[SECTOR:])


def newer_batch(folder, monkeypatch):
    log, engine = start(folder)
    monkeypatch.setattr(frame, "VERSION", 2)
    append(log, engine.turn.batch)


def newer_event(folder, monkeypatch):
    log, engine = start(folder)
    unknown = b"\x64\x00\x00\x00\x00"
    append(log, replace(sample(engine.turn.batch.seq), content=unknown))


@pytest.mark.parametrize("make", [newer_store, newer_segment, newer_batch, newer_event])
def test_a_later_format_is_refused_and_nothing_is_changed(
    folder, monkeypatch, tmp_path, make
):
    make(folder, monkeypatch)
    monkeypatch.undo()
    before = contents(folder)
    socket = f"--beanstalk=unix:{tmp_path / 'socket'}"
    ended = penstock("serve", f"--data={folder}", socket)
    assert ended.returncode == 65
    assert "later release" in ended.stderr or "known is 1" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert contents(folder) == before
