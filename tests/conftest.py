"""What every test may rely on: the form of the typed modules is the one asked for."""

from __future__ import annotations

import os
import sys

from tests import variants

# PENSTOCK_FORM is `plain` or `compiled`; without it, whatever is found first.
FORM = os.environ.get("PENSTOCK_FORM")

# A process that `tests.variants` started has its finder already.
started_by_variants = any(
    type(finder).__name__ == "PlainFinder" for finder in sys.meta_path
)
if FORM is not None and not started_by_variants:
    variants.load(FORM)


def pytest_report_header() -> str:
    return f"typed modules: {FORM or 'as found'}"
