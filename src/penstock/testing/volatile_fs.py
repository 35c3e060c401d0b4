"""A file system that forgets what was not synced when its power goes.

`VolatileFs` mounts it on a folder. The files live in a process of their own, which
speaks FUSE with the kernel, so it needs `fusermount3` (Debian: fuse3) and nothing else.

    with VolatileFs(folder) as disk:
        ...                             # a server keeps its data in `folder`
        disk.cut()                      # from now on nothing is answered
        server.kill()
        disk.power_on(seed, share=0.5)  # what was not synced survives by chance

`cut_after` cuts by itself at the n-th moment from now: each request that changes
something has two, before it is carried out and before it is answered.
"""

from __future__ import annotations

import errno
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.testing.fuse_wire import CHANGING, REQUEST, Fault, FuseWire, opcode
from penstock.testing.volatile_files import Tree

CAPACITY = 1 << 30  # bytes that fit on it
PATIENCE = 20.0  # seconds that the file system's process may take for an answer
MOUNTER = "fusermount3"


def is_available() -> bool:
    """Tell whether this machine and this user can mount it."""
    return shutil.which(MOUNTER) is not None and os.access("/dev/fuse", os.R_OK)


class VolatileFs:
    """The file system as seen from outside: what a test does to its power."""

    def __init__(self, folder: Path, capacity: int = CAPACITY) -> None:
        self.folder = folder
        self._is_cut = False
        self._process = subprocess.Popen(  # noqa: S603  (ourselves, without a shell)
            [sys.executable, "-m", __name__, str(folder), str(capacity)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        try:
            self._hear("mounted")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def cut(self) -> None:
        """Take the power away: no request is answered any more."""
        if not self._is_cut:
            self._say("cut")
            self._hear("cut")
            self._is_cut = True

    def cut_after(self, moments: int) -> None:
        """Take the power away so many moments from now."""
        self._say(f"cut-after {moments}")

    def wait_for_cut(self, seconds: float) -> bool:
        """Wait until `cut_after` has done it; tell whether it has."""
        assert self._process.stdout is not None
        if (
            not self._is_cut
            and select.select([self._process.stdout], [], [], seconds)[0]
        ):
            self._hear("cut")
            self._is_cut = True
        return self._is_cut

    def power_on(self, seed: int, share: float) -> int:
        """Decide what survives and mount again; give how many changes were in doubt.

        With a share of 0 nothing unsynced survives, with 1 everything. Whoever still
        waits for an answer gets an error now: kill it before.
        """
        assert self._is_cut
        self._say(f"power-on {seed} {share}")
        self._is_cut = False
        return int(self._hear("mounted"))

    def fail(self, kind: str, before: int, error: int = errno.EIO) -> None:
        """Let a request fail, once: a `write` or a `sync` with an error, a `short`
        write with half of its bytes; `before` of the kind succeed first.

        A file's sync that failed has lost what it should have made durable, though it
        is still there to be read; the next sync succeeds, as with Linux.
        """
        self._say(f"fail {kind} {before} {error}")

    def has_failed(self) -> bool:
        """Tell whether the request that `fail` named has come."""
        self._say("failed")
        return self._hear("failed") == "True"

    def moments(self) -> int:
        """Count the moments at which `cut_after` could have cut so far."""
        self._say("moments")
        return int(self._hear("moments"))

    def close(self) -> None:
        """Unmount it; what it held is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        if os.path.ismount(self.folder):
            unmount(self.folder)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def _hear(self, word: str) -> str:
        """Wait for an answer that begins with that word; give the rest."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline().decode() if ready else "nothing"
        if line.partition(" ")[0].strip() != word:
            raise OSError(errno.EIO, f"waited for {word!r}, heard {line!r}")
        return line.partition(" ")[2].strip()


# The process that holds the files.


class Mounted:
    """The files, the kernel on one side and who cuts the power on the other."""

    def __init__(self, folder: Path, capacity: int) -> None:
        self._folder = folder
        self._wire = FuseWire(Tree(), capacity)
        self._kernel = mount(folder)
        self._moments = 0
        self._cut_at = -1
        self._is_cut = False
        self._unread = b""

    def run(self) -> None:
        """Serve until who started us closes our input."""
        _tell("mounted 0")
        going = True
        while going:
            waiting = [0] if self._is_cut else [0, self._kernel]
            ready = select.select(waiting, [], [])[0]
            if 0 in ready:  # first, so that a cut is immediate
                going = self._obey()
            elif ready:
                self._serve_one()
        self._drop()

    def _serve_one(self) -> None:
        """Take one request and answer it, unless the power goes."""
        try:
            request = os.read(self._kernel, REQUEST)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.EINTR, errno.EAGAIN}:
                raise
            return  # who asked has gone
        changing = opcode(request) in CHANGING
        if changing and self._has_come():
            return
        answer = self._wire.answer(request)
        if answer is None or (changing and self._has_come()):
            return
        try:
            os.write(self._kernel, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def _has_come(self) -> bool:
        """Count a moment; tell whether it was the one at which the power goes."""
        if self._moments == self._cut_at:
            self._cut()
            return True
        self._moments += 1
        return False

    def _obey(self) -> bool:
        """Read from who started us; tell whether to go on."""
        received = os.read(0, 4096)
        *lines, self._unread = (self._unread + received).split(b"\n")
        for line in lines:
            verb, *arguments = line.decode().split()
            if verb == "cut":
                self._cut()
            elif verb == "cut-after":
                self._cut_at = self._moments + int(arguments[0])
            elif verb == "power-on":
                self._power_on(int(arguments[0]), float(arguments[1]))
            elif verb == "fail":
                self._wire.fault = Fault(arguments[0], *map(int, arguments[1:]))
            elif verb == "failed":
                _tell(f"failed {self._wire.fault.before < 0}")
            elif verb == "moments":
                _tell(f"moments {self._moments}")
        return bool(received)

    def _cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            _tell("cut")

    def _power_on(self, seed: int, share: float) -> None:
        self._drop()
        chance = random.Random(seed)  # noqa: S311  (chance that can be repeated)
        lacking = self._wire.tree.lacking()
        self._wire.tree.cut(lambda: chance.random() < share)
        self._kernel = mount(self._folder)
        self._cut_at = -1
        self._is_cut = False
        self._wire.fault = Fault("", 0, 0)
        _tell(f"mounted {lacking}")

    def _drop(self) -> None:
        os.close(self._kernel)  # this ends every request with an error
        unmount(self._folder)


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201  (it is how the two processes speak)


def mount(folder: Path) -> int:
    """Mount on a folder; give the descriptor through which the kernel asks."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        options = "fsname=volatile,subtype=volatile,nosuid,nodev"
        subprocess.run(  # noqa: S603  (a program of the system, without a shell)
            [_mounter(), "-o", options, "--", str(folder)],
            env={**os.environ, "_FUSE_COMMFD": str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
            check=True,
        )
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    os.set_inheritable(descriptors[0], False)
    return descriptors[0]


def unmount(folder: Path) -> None:
    """Take it away, whoever still uses it."""
    subprocess.run([_mounter(), "-u", "-z", "--", str(folder)], check=True)  # noqa: S603


def _mounter() -> str:
    found = shutil.which(MOUNTER)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "no such program", MOUNTER)
    return found


if __name__ == "__main__":
    # It ends, and unmounts, when who started it does, however that comes.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    Mounted(Path(sys.argv[1]), int(sys.argv[2])).run()
