"""The server with a small log: its segments roll, and are compacted, all the time.

    python -m penstock.testing.small_server serve --data DATA

A minute of load on it does to a folder what days do to one with the usual sizes. With
`--hold` before the verb it stands still (SIGSTOP) when all is loaded and nothing done.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

from penstock.cli import foreground, main
from penstock.log.file.file_log import FileLog
from penstock.server import compactor

HOLD = "--hold"
SEGMENT = 64 * 1024  # bytes
MOST_IDLE = 4 * SEGMENT  # bytes that the log may have, however little is alive


def run() -> int:
    """Be `penstock` with other sizes."""
    if HOLD in sys.argv:
        sys.argv.remove(HOLD)
        os.kill(os.getpid(), signal.SIGSTOP)
    compactor.MOST_IDLE = MOST_IDLE
    vars(foreground)["FileLog"] = partial(FileLog, segment_size=SEGMENT)
    return main.main()


if __name__ == "__main__":
    sys.exit(run())
