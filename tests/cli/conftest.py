"""What tests of the command line start from."""

import pytest

from tests.cli import data_folder
from tests.cli.told import Told


@pytest.fixture
def told():
    """A log that is about to be written."""
    return Told()


@pytest.fixture
def written(tmp_path, told):
    """A data folder: jobs 1 to 3 were put, 1 was reserved and deleted."""
    for _ in range(3):
        told.story.put(told.client, b"body")
        told.turn(1)
    told.story.reserve(told.client)
    told.turn(1)
    told.engine.delete(told.client, 1)
    told.turn()
    return data_folder.write(tmp_path / "data", told.batches)
