"""What goes wrong is one line and a status; help and version come at once."""

from __future__ import annotations

import resource

import pytest

import penstock as package
from tests.cli.command_line import penstock


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


@pytest.mark.parametrize("verb", ["serve", "ping"])
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
    ("arguments", "line"),
    [
        (["serv"], "No such command 'serv'. Did you mean 'serve'?"),
        (["serve", "--nope"], "No such option: --nope"),
        (["serve", "--config"], "Option '--config' requires an argument."),
        (["ping", "--timeout", "0"], "Invalid value for '--timeout'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(arguments, line):
    done = penstock(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"penstock: {line}")
    assert done.stderr.endswith("(see penstock --help)\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
