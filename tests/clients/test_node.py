"""jackd and fivebeans, from npm: each tells its story in a script of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.servers import ServerProcess

HERE = Path(__file__).parent
PATIENCE = 60


def tell(library: str, part: str, server: ServerProcess) -> None:
    """Run one part of a library's story; it must come to its end."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / library).is_dir():
        pytest.skip(f"node or {library} is not installed here: npm ci in {HERE.name}/")
    done = subprocess.run(
        [node, "--no-deprecation", f"{library}_story.js", part, str(server.port)],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{part}: told\n"), done.stderr


@pytest.mark.parametrize("part", ["work", "kick", "tubes", "stats", "refusals"])
@pytest.mark.parametrize("library", ["jackd", "fivebeans"])
def test_the_story_is_told(library: str, part: str, server: ServerProcess) -> None:
    tell(library, part, server)


@pytest.mark.parametrize("library", ["jackd", "fivebeans"])
def test_a_draining_server_takes_no_jobs(library: str, server: ServerProcess) -> None:
    server.drain()
    tell(library, "draining", server)
