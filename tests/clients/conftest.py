"""Servers for client libraries: ours, and a real beanstalkd as the measure."""

from collections.abc import Callable, Iterator

import pytest

from tests.conformance.servers import (
    ServerProcess,
    beanstalkd_command,
    penstock_command,
)

COMMANDS: dict[str, Callable[[], list[str] | None]] = {
    "penstock": penstock_command,
    "beanstalkd": beanstalkd_command,
}


@pytest.fixture(params=COMMANDS)
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server of its own for each test."""
    command = COMMANDS[request.param]()
    if command is None:
        pytest.skip(f"{request.param} is not installed here")
    process = ServerProcess(command)
    yield process
    process.stop()
