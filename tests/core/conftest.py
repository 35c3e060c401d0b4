"""What the core's tests begin with."""

import pytest

from tests.core.story import Story


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def client(story):
    return story.client()
