"""Log entries are text for people and one JSON object a line for machines."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from penstock.cli.log_output import set_up


@pytest.fixture(autouse=True)
def as_before():
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def mistake() -> ValueError:
    try:
        raise ValueError("wrong")
    except ValueError as error:
        return error


def test_json_is_one_object_a_line(capsys):
    set_up("json")
    structlog.get_logger("penstock.server").info("job buried", job=7, tube="a\nb")
    entry = json.loads(capsys.readouterr().err)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "job buried",
        "job": 7,
        "tube": "a\nb",
        "level": "info",
        "logger": "penstock.server",
    }


def test_a_mistake_keeps_its_traceback_in_one_line_of_json(capsys):
    set_up("json")
    structlog.get_logger("penstock.server").error("a mistake", exc_info=mistake())
    entry = json.loads(capsys.readouterr().err)
    (told,) = entry["exception"]
    assert (told["exc_type"], told["exc_value"]) == ("ValueError", "wrong")
    assert told["frames"][-1]["name"] == "mistake"


def test_people_read_text_with_the_traceback_below(capsys):
    set_up("console")
    structlog.get_logger("penstock.server").error("a mistake", exc_info=mistake())
    first, *rest = capsys.readouterr().err.splitlines()
    assert "a mistake" in first
    assert "\x1b" not in first, "colours are for terminals"
    assert rest[-1] == "ValueError: wrong"


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_what_libraries_log_looks_the_same(log_format, capsys):
    set_up(log_format)
    logging.getLogger("asyncio").error("slow %s", "callback")
    written = capsys.readouterr().err
    assert "slow callback" in written
    assert "asyncio" in written
    assert (written[0] == "{") is (log_format == "json")


def test_nothing_goes_to_standard_output(capsys):
    set_up("console")
    structlog.get_logger("penstock.server").info("ready")
    assert capsys.readouterr().out == ""
