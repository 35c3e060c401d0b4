"""Structured damage does what it says, and something every time."""

from __future__ import annotations

from random import Random

import pytest

from penstock.log.file.layout import SECTOR, segment_name
from penstock.testing.damage import Damage

KINDS = [kind.__name__ for kind in Damage(Random(1)).kinds()]


@pytest.fixture
def damage():
    return Damage(Random(3))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_damages_something_often(damage, kind):
    cases = [getattr(damage, kind)() for _ in range(40)]
    assert sum(files != damage.files for files in cases) > 12
    assert len({str(sorted(files.items())) for files in cases}) > 2


def test_the_folder_has_a_history(damage):
    assert damage.before.keys() != damage.files.keys()
    assert damage.other.keys() == damage.files.keys()
    assert damage.other != damage.files
    begun = [name for name in damage.files if damage.files[name][:SECTOR].strip(b"\0")]
    assert segment_name(1) not in begun
