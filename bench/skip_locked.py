"""PostgreSQL as a job queue: insert, then take with SKIP LOCKED, each committed.

Its workers have nothing that wakes them inside a query, so this measures a worker that
asks at the best moment: the time of both statements, a lower bound for polling.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.figures import Sample
from bench.servers import BUILD, BenchError, cores, free_port

TABLE = "CREATE TABLE job (id bigserial PRIMARY KEY, body text NOT NULL)"
SCRIPT = """\
INSERT INTO job (body) VALUES ('abcdefghijklmnop');
DELETE FROM job WHERE id = (
    SELECT id FROM job ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, body;
"""


def programs() -> Path | None:
    """Give the newest installed version's folder of programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    whole = [path.parent for path in found if (path.parent / "pgbench").exists()]
    return whole[-1] if whole else None


def missing() -> str | None:
    """Say why it cannot be measured, if it cannot."""
    if programs() is None:
        return "postgresql: initdb and pgbench are not installed"
    if os.geteuid() == 0 and not _has_user("postgres"):
        return "postgresql: no user postgres, and root may not run it"
    return None


def _has_user(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


class Cluster:
    """A fresh database with fsync on, on the server's core."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self._port = str(free_port())
        BUILD.mkdir(parents=True, exist_ok=True)
        self._home = Path(tempfile.mkdtemp(prefix="postgresql-", dir=BUILD))
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres")
        self._data = str(self._home / "data")
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres")
        self._control("start", "-o", f"-p {self._port} -h 127.0.0.1 -k {self._home}")
        try:
            self._run("psql", *self._address(), "-qc", TABLE)
        except BenchError:
            self.stop()
            raise

    def _address(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", self._port, "-U", "postgres"]

    def _control(self, verb: str, *flags: str) -> None:
        log = str(self._home / "log")
        self._run("pg_ctl", verb, "-D", self._data, "-l", log, "-w", *flags)

    def _run(self, program: str, *arguments: str, core: int = 0) -> None:
        user = ["/usr/sbin/runuser", "-u", "postgres", "--"]
        command = [
            *(user if os.geteuid() == 0 else []),
            *("/usr/bin/taskset", "-c", str(cores()[core])),
            str(self._programs / program),
            *arguments,
        ]
        with (self._home / "output").open("w+") as output:
            # PostgreSQL's own programs, with arguments of ours.
            done = subprocess.run(  # noqa: S603
                command, cwd=self._home, stdout=output, stderr=output, check=False
            )
            output.seek(0)
            if done.returncode:
                raise BenchError(f"{program}: {output.read().strip()[-300:]}")

    def measure(self, clients: int, seconds: float) -> Sample:
        """Insert and take with that many clients."""
        script = self._home / "script"
        script.write_text(SCRIPT)
        for old in self._home.glob("taken*"):
            old.unlink()
        whole = str(max(1, round(seconds)))
        flags = ["-n", "-M", "prepared", "-c", str(clients), "-T", whole]
        log = ["-l", f"--log-prefix={self._home / 'taken'}"]
        tail = ["-f", str(script), *log, "postgres"]
        self._run("pgbench", *self._address(), *flags, *tail, core=1)
        return summarize(self._home, float(whole))

    def stop(self) -> None:
        """End the database and remove it."""
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self._home, ignore_errors=True)


def summarize(folder: Path, seconds: float) -> Sample:
    """Read pgbench's log: the third word of a line is a script's time in us."""
    times = sorted(
        int(line.split()[2])
        for path in folder.glob("taken*")
        for line in path.read_text().splitlines()
    )
    if not times:
        raise BenchError("pgbench measured nothing")
    return {
        "ops_per_s": len(times) / seconds,
        "p50_us": float(times[len(times) // 2]),
        "p99_us": float(times[min(len(times) - 1, len(times) * 99 // 100)]),
    }
