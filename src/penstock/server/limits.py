"""How much the process has room for: descriptors for clients, memory for jobs."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from penstock.errors import ConfigError

# Kept for ourselves: standard streams, epoll, listeners, the log's files, the spare.
RESERVE = 32
# Bounds the table of connections where the system sets no limit at all.
MOST_DESCRIPTORS = 1 << 20
HOW_TO_RAISE = "raise it with `ulimit -n`, or LimitNOFILE= in the systemd unit"

CGROUP = Path("/sys/fs/cgroup")


def raise_descriptors() -> int:
    """Raise the limit of open files as far as allowed; give what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_finite(hard), MOST_DESCRIPTORS)
    if _finite(soft) >= wanted:
        return min(_finite(soft), MOST_DESCRIPTORS)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return _finite(soft)  # a sandbox forbids it; fewer clients are told why
    return wanted


def _finite(limit: int) -> int:
    return MOST_DESCRIPTORS if limit == resource.RLIM_INFINITY else limit


def most_connections(descriptors: int, wanted: int | None) -> int:
    """Give how many clients may be connected; refuse what there is no room for."""
    room = descriptors - RESERVE
    if room < 1:
        raise ConfigError(
            f"the limit of open files is {descriptors}, and {RESERVE} of them are kept"
            f" for the server itself: {HOW_TO_RAISE}"
        )
    if wanted is None:
        return room
    if wanted > room:
        raise ConfigError(
            f"max_connections = {wanted}: the limit of open files leaves room for"
            f" {room}: {HOW_TO_RAISE}"
        )
    return wanted


def most_memory() -> int:
    """Give the bytes that jobs may take: three quarters of what this process has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_cgroup_limits()]) * 3 // 4


def _cgroup_limits() -> list[int]:
    """Give the limits of the control groups (version 2) around this process."""
    place = CGROUP / own_cgroup().strip("/")
    around = [each for each in (place, *place.parents) if each.is_relative_to(CGROUP)]
    told = [_content(folder / "memory.max").strip() for folder in around]
    return [int(text) for text in told if text.isdigit()]


def own_cgroup() -> str:
    """Give the name of this process's control group; / where there are none."""
    lines = _content(Path("/proc/self/cgroup")).splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), "/")


def _content(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""  # no such control group, or no control groups at all
