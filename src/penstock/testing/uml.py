"""A machine whose power can be cut: a real kernel as a process (user-mode-linux).

The machine sees the host's files, which it cannot change, a folder that it shares with
the host (/run/share inside), and a disk with a file system of its own (/run/data). Its
kernel keeps what is not synced in its memory. `cut` kills it: what it had not written
to the disk's file by then is gone.

    disk = new_disk(folder / "disk")
    with Machine(share, disk, [sys.executable, "-m", "..."]) as machine:
        ...                     # the program inside writes to /run/share, we read it
        machine.cut()

It needs the Debian packages user-mode-linux and e2fsprogs.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

INIT = Path(__file__).with_name("uml_init.sh")
SHARE = Path("/run/share")  # what the machine calls the shared folder
DATA = Path("/run/data")  # and its disk
MEMORY = Path("/dev/shm")  # noqa: S108  (the machine's memory is a file; this is fast)
DISK = 512 << 20  # bytes
FILESYSTEM = "ext4"


def kernel() -> str | None:
    """Find the kernel."""
    return shutil.which("linux.uml") or shutil.which("linux")


def is_available() -> bool:
    """Tell whether this computer can run such a machine."""
    return kernel() is not None and _mkfs(FILESYSTEM) is not None


def new_disk(path: Path, size: int = DISK, filesystem: str = FILESYSTEM) -> Path:
    """Make a disk with an empty file system."""
    program = _mkfs(filesystem)
    assert program is not None
    with path.open("wb") as disk:
        disk.truncate(size)
    subprocess.run([program, "-q", "-F", str(path)], check=True)  # noqa: S603
    return path


def _mkfs(filesystem: str) -> str | None:
    system = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return shutil.which(f"mkfs.{filesystem}", path=system)


class Machine:
    """It starts at once, runs one command and switches itself off after it."""

    def __init__(
        self,
        share: Path,
        disk: Path,
        command: Sequence[str],
        filesystem: str = FILESYSTEM,
    ) -> None:
        self._share = share.resolve()
        self._status().unlink(missing_ok=True)
        # A kernel's own arguments end at a blank, a script's do not.
        (share / "command").write_text(f"exec {shlex.join(command)}\n")
        found = kernel()
        assert found is not None
        with self.console().open("ab") as console:
            self._process = subprocess.Popen(  # noqa: S603  (a kernel, no shell)
                [
                    *(found, "mem=512M", "quiet", "con=null", "con0=null,fd:1"),
                    *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
                    *(f"ubd0={disk.resolve()}", "init=/bin/sh", "--", str(INIT)),
                    *(str(self._share), filesystem),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"TMPDIR": str(MEMORY), "HOME": str(self._share)},
                process_group=0,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def console(self) -> Path:
        """What the kernel and the command have said."""
        return self._share / "console"

    def is_on(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def cut(self) -> None:
        """Take the power away."""
        if self.is_on():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Until all have ended, the disk may still be written.
        while self.processes():
            time.sleep(0.001)

    def processes(self) -> list[int]:
        """List its processes; its disk is one, each program inside another."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                # pid (name) state parent group
                state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self._process.pid and state not in "ZX":
                    found.append(int(stat.parent.name))
        return found

    def wait(self, seconds: float) -> int | None:
        """Wait until it switches itself off; give the command's exit status.

        None: it was still on, or ended without having run the command to its end.
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        status = self._status()
        return int(status.read_text()) if status.exists() else None

    def _status(self) -> Path:
        return self._share / "status"
