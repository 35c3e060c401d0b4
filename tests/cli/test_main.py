"""What goes wrong is one line and a status; help and version come at once."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import typer

import penstock as package
from penstock.cli import main
from penstock.errors import (
    ConfigError,
    FlagError,
    FormatError,
    ListenError,
    LogBusy,
    LogCorrupt,
    LogError,
    NewerFormat,
)
from tests.cli.command_line import flags_of_verbs, penstock

ROOT = Path(__file__).parent.parent.parent


def test_the_version_says_what_runs():
    done = penstock("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"penstock {package.__version__}, CPython 3.")
    assert done.stdout.count("\n") == 1


def test_the_version_is_told_without_loading_the_server():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    penstock("--version")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: how long it takes depends on who else is running.
    assert after.ru_utime - before.ru_utime < 0.5


VERBS = ["serve", "ping", "check", "dump", "explain", "repair"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_in_its_help(verb):
    done = penstock(verb, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert done.stdout.count(f"penstock {verb}") >= 3


def test_without_a_verb_there_is_help():
    done = penstock()
    assert done.returncode == 2
    assert "Usage:" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "line", "verb"),
    [
        (["serv"], "No such command 'serv'. Did you mean 'serve'?", ""),
        (["serve", "--nope"], "No such option: --nope", "serve "),
        (["serve", "--config"], "Option '--config' requires an argument.", ""),
        (["ping", "--timeout", "0"], "Invalid value for '--timeout'", "ping "),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(arguments, line, verb):
    done = penstock(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"penstock: {line}")
    assert done.stderr.endswith(f"(see penstock {verb}--help)\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def told_of(error, monkeypatch, capsys):
    """Give the status and the line that an error ends with."""

    def break_down(**options):
        raise error

    monkeypatch.setattr(main, "app", break_down)
    return main.main(), capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (FlagError("x"), 2, "x"),
        (ConfigError("x"), 78, "x"),
        (ListenError("x"), 78, "x"),
        (NewerFormat("x"), 65, "x"),
        (FormatError("x"), 65, "x"),
        (
            LogCorrupt("read", "/d/1.log", offset=512, hint="why"),
            65,
            "read /d/1.log at offset 512: What was read is not what was written. (why)",
        ),
        (
            LogBusy("lock", "/d"),
            75,
            "lock /d: Another server is using this folder.",
        ),
        (
            LogError("write", "/d/1.log", hint="No space left on device"),
            74,
            "write /d/1.log: The log could not do what was asked of it."
            " (No space left on device)",
        ),
        (
            OSError(5, "Input/output error", "/d/1.log"),
            74,
            "/d/1.log: Input/output error",
        ),
        (OSError(5, "Input/output error"), 74, "Input/output error"),
    ],
)
def test_what_cannot_go_on_has_a_status_and_one_line(
    error, status, line, monkeypatch, capsys
):
    assert told_of(error, monkeypatch, capsys) == (status, f"penstock: {line}\n")


def test_an_interruption_is_no_mistake(monkeypatch, capsys):
    assert told_of(typer.Abort(), monkeypatch, capsys) == (130, "")


def test_a_mistake_of_ours_is_one_line_with_its_place(monkeypatch, capsys):
    def break_down(**options):
        raise KeyError("line\nend")

    monkeypatch.setattr(main, "app", break_down)
    assert main.main() == 70
    told = capsys.readouterr().err
    assert told.startswith("penstock: a mistake of ours, please report it: KeyError: ")
    assert f"({__file__}, line " in told
    assert told.count("\n") == 1


def test_every_verb_and_flag_is_documented():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for verb, flags in flags_of_verbs().items():
        section = page.partition(f"## penstock {verb}\n")[2]
        synopsis = section.split("```")[1]
        assert {flag for flag in flags if flag not in synopsis} == set()
