"""The version line says what is running."""

from __future__ import annotations

import importlib.metadata
import platform

import penstock
from penstock import version
from tests import variants


def test_the_line_names_version_python_and_what_is_compiled():
    line = version.describe()
    assert line.startswith(f"penstock {penstock.__version__}, ")
    assert platform.python_version() in line
    assert ", compiled: " in line


def test_the_installed_version_is_the_package_version():
    assert importlib.metadata.version("penstock") == penstock.__version__


def test_typed_modules_are_those_with_c_types_beside_them():
    assert version.typed_modules() == variants.typed_modules()


def test_a_plain_module_is_not_called_compiled():
    assert not version.is_compiled("penstock.errors")


def test_requiring_compiled_modules_fails_where_one_is_plain(monkeypatch, capsys):
    monkeypatch.setattr(version, "typed_modules", lambda: ["penstock.errors"])
    assert version.main(["--require-compiled"]) == 1
    assert "0 of 1, not: errors" in capsys.readouterr().out


def test_the_line_alone_is_never_a_failure(monkeypatch):
    monkeypatch.setattr(version, "typed_modules", lambda: ["penstock.errors"])
    assert version.main([]) == 0
