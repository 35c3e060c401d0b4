"""The form a test asks for is the form it gets."""

from __future__ import annotations

import os

import pytest

from tests import variants

SHOW_FORMS = (
    "from tests import variants\n"
    "for name in variants.both_form_modules(): print(name, variants.form_of(name))"
)


def forms_in_a_process(form):
    lines = variants.run(form, "-c", SHOW_FORMS).splitlines()
    return dict(line.split() for line in lines)


def test_every_typed_module_is_loaded_plain_when_asked():
    expected = dict.fromkeys(variants.both_form_modules(), "plain")
    assert forms_in_a_process("plain") == expected


def test_every_typed_module_is_loaded_compiled_when_asked():
    if os.environ.get("PENSTOCK_FORM") != "compiled":
        pytest.skip("only where everything was compiled first: make tests")
    expected = dict.fromkeys(variants.both_form_modules(), "compiled")
    assert forms_in_a_process("compiled") == expected


def test_this_process_runs_the_form_it_was_started_for():
    form = os.environ.get("PENSTOCK_FORM")
    if form is None:
        pytest.skip("no form was asked for")
    loaded = {name: variants.form_of(name) for name in variants.both_form_modules()}
    assert loaded == dict.fromkeys(loaded, form)


def test_there_are_typed_modules_to_speak_of():
    assert "penstock.core.heap" in variants.both_form_modules()


def test_what_calls_c_refuses_a_plain_import():
    compiled_only = variants.COMPILED_ONLY & set(variants.typed_modules())
    for name in sorted(compiled_only):
        attempt = (
            f"try:\n    import {name}\n"
            "except ImportError as refusal:\n    print(refusal)"
        )
        assert variants.run("plain", "-c", attempt) == f"{name} has no plain form\n"


def test_a_form_cannot_be_decided_once_modules_are_loaded():
    attempt = (
        "import penstock.core.heap\n"
        "from tests import variants\n"
        "try:\n    variants.load('plain')\n"
        "except AssertionError as refusal:\n    print(refusal)"
    )
    assert "penstock.core.heap" in variants.run("plain", "-c", attempt)
