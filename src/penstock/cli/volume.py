"""What kind of file system a data folder is on, and whether its word can be relied on.

A log lives from syncs that do what they say and from locks that other machines see. A
network's file system may keep neither promise, and what answers behind FUSE is any
program; nobody should find out in a power cut.
"""

from __future__ import annotations

import re
from pathlib import Path

from penstock.errors import ConfigError

MOUNTS = Path("/proc/self/mountinfo")
ESCAPE = re.compile(r"\\([0-7]{3})")  # how blanks are written in a mount's path

NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
LAYERS = frozenset({"aufs", "overlay"})
MEMORY = frozenset({"ramfs", "tmpfs"})


def kind_of(path: Path, mounts: Path = MOUNTS) -> str:
    """Give the kind of file system that a path is on, or will be once it is made; empty
    where it cannot be told."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place = path.resolve()
    found, kind = Path(), ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = Path(_unescaped(left.split()[4]))
        # Of two on one place the later covers the earlier.
        if place.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, right.split()[0]
    return kind


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def judge(path: Path, kind: str, *, any_kind: bool) -> str | None:
    """Give what there is to warn of; raise ConfigError for what cannot be relied on."""
    doubtful = kind in NETWORK or kind.startswith("fuse")
    if doubtful and not any_kind:
        raise ConfigError(
            f"--data {path} is on a file system ({kind}) that may lose what it was told"
            " to sync: name a folder on a local disk, or add --any-file-system"
        )
    if doubtful:
        return f"this file system ({kind}) may lose what it was told to sync"
    if kind in LAYERS:
        return "this folder belongs to the container and goes with it: mount a volume"
    if kind in MEMORY:
        return f"this folder ({kind}) is in memory: it goes when the machine stops"
    return None
