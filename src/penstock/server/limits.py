"""How many clients the process has room for."""

from __future__ import annotations

import resource

from penstock.errors import ConfigError

# Kept for ourselves: standard streams, epoll, listeners, the log's files, the spare.
RESERVE = 32
# Bounds the table of connections where the system sets no limit at all.
MOST_DESCRIPTORS = 1 << 20


def raise_descriptors() -> int:
    """Raise the limit of open files as far as allowed; give what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_finite(hard), MOST_DESCRIPTORS)
    if _finite(soft) >= wanted:
        return min(_finite(soft), MOST_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
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


HOW_TO_RAISE = "raise it with `ulimit -n` or LimitNOFILE= in the systemd unit"
