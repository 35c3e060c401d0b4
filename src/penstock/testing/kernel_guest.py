"""What runs inside a machine whose power is cut: see `penstock.testing.kernel_cuts`.

kernel_guest load SEED COMMAND      a server and its recorder, until the power goes
kernel_guest drain SEED COMMAND     the same, until nothing is left
kernel_guest write                  something synced, something not
kernel_guest read                   ends with 0 if only what was synced is there
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from penstock.testing.data_server import DataServer, RecorderProcess
from penstock.testing.kills import templated
from penstock.testing.uml import DATA, SHARE

HISTORY = "history"  # in the shared folder
STARTED = "started"  # the same: there once the server has been started
PLACE = Path("/run")  # for sockets and what the server says; gone with the power
LONG = 3600.0  # seconds: longer than the power is there
PIECE = b"x" * 8192


def serve(purpose: str, seed: str, command: str) -> int:
    """Run server and recorder; give 0 when all is drained and the server has ended."""
    server = DataServer(templated(command), DATA / "store", PLACE, "server")
    _tell()
    options = ["--seed", seed, "--history-sync", "0"]
    options += ["--drain"] if purpose == "drain" else []
    recorder = RecorderProcess(server.address, SHARE / HISTORY, *options)
    if not server.wait_serving():
        recorder.end()
    recorded = recorder.wait(LONG)
    status = server.stop()
    sys.stdout.write(f"{recorded}\nserver: {status}\n{server.said()}\n")
    return int(recorded.status != 0 or status not in {0, -signal.SIGTERM})


def _tell() -> None:
    """Let the host know, durably, that we have come so far."""
    file = os.open(SHARE / STARTED, os.O_CREAT | os.O_WRONLY)
    os.write(file, b"started\n")
    os.fsync(file)
    os.close(file)


def write() -> int:
    """Sync one file, add to it, write another; wait for the end."""
    synced = os.open(DATA / "synced", os.O_CREAT | os.O_WRONLY)
    os.write(synced, PIECE)
    os.fsync(synced)
    folder = os.open(DATA, os.O_RDONLY)
    os.fsync(folder)
    os.write(synced, PIECE)
    other = os.open(DATA / "other", os.O_CREAT | os.O_WRONLY)
    os.write(other, PIECE)
    _tell()
    signal.pause()
    return 1


def read() -> int:
    """Find what was synced, and nothing else."""
    sizes = {
        path.name: path.stat().st_size for path in DATA.iterdir() if path.is_file()
    }
    sys.stdout.write(f"{sizes}\n")
    return 0 if sizes == {"synced": len(PIECE)} else 1


def main(purpose: str, *arguments: str) -> int:
    """Do what was asked."""
    if purpose == "write":
        return write()
    if purpose == "read":
        return read()
    return serve(purpose, *arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
