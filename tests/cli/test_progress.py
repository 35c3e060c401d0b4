"""Long work shows how far it is; short work says nothing."""

from __future__ import annotations

import contextlib
import os
import pty
import sys
from collections.abc import Iterator

import pytest
import structlog

from penstock.cli.progress import PATIENCE, Progress

END = b"(end)"


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def watch():
    return Watch()


@contextlib.contextmanager
def terminal(monkeypatch) -> Iterator[list[str]]:
    """Let standard error be a terminal; afterwards the list has what was written."""
    ours, theirs = pty.openpty()
    written: list[str] = []
    with os.fdopen(theirs, "w") as screen, monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", screen)
        yield written
        screen.write(END.decode())
        screen.flush()
        content = b""
        while not content.endswith(END):  # a terminal gives what it has
            content += os.read(ours, 65536)
        written.append(content.decode())
    os.close(ours)


def test_a_bar_is_drawn_on_a_terminal_once_it_takes_long(watch, monkeypatch):
    with (
        terminal(monkeypatch) as told,
        Progress("reading the log", now=watch) as progress,
    ):
        progress(1, 4)
        watch.time = PATIENCE
        progress(2, 4)
        progress(3, 4)
    assert "reading the log" in told[0]
    assert "75%" in told[0]


def test_short_work_says_nothing(watch, monkeypatch):
    with (
        terminal(monkeypatch) as told,
        Progress("reading the log", logs=True, now=watch) as progress,
    ):
        for done in range(1000):
            progress(done, 1000)
    assert told == ["(end)"]


def test_in_a_log_it_is_one_line(watch, capsys):
    with (
        structlog.testing.capture_logs() as entries,
        Progress("reading the log", logs=True, now=watch) as progress,
    ):
        progress(1, 8)
        watch.time = 3.0
        for done in (2, 3, 4):
            progress(done, 8)
    assert entries == [
        {
            "event": "reading the log",
            "log_level": "info",
            "done": 2,
            "total": 8,
            "share": "25 %",
        }
    ]
    assert capsys.readouterr() == ("", "")


def test_where_nobody_looks_it_is_silent(watch, capsys):
    with (
        structlog.testing.capture_logs() as entries,
        Progress("reading the log", now=watch) as progress,
    ):
        watch.time = 3.0
        progress(1, 0)
    assert (entries, capsys.readouterr()) == ([], ("", ""))


def fail(progress):
    with progress:
        progress(1, 2)
        raise ZeroDivisionError


def test_a_bar_goes_when_the_work_fails(watch, monkeypatch):
    progress = Progress("reading the log", patience=0, now=watch)
    with terminal(monkeypatch) as told, pytest.raises(ZeroDivisionError):
        fail(progress)
    # What hid the cursor shows it again.
    assert "\x1b[?25h" in told[0]
