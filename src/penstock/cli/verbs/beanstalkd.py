"""`penstock beanstalkd`: the server, with the options of beanstalkd."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from penstock.errors import ConfigError, ListenError, LogBusy

if TYPE_CHECKING:
    from penstock.beanstalkd.options import Options

EXAMPLES = """
Examples:

\b
  penstock beanstalkd -l 127.0.0.1 -p 11300 -b /var/lib/beanstalkd/binlog
  penstock beanstalkd -l 10.0.0.5 -z 1048576 -f0 -b /var/lib/beanstalkd/binlog
  penstock beanstalkd -h

A unit file for beanstalkd changes one word. The jobs of a binlog are taken
over at the first start; without -b jobs are kept in memory, as there.
"""

# As beanstalkd ends (main.c, net.c, util.c).
MISUSED = 5
NO_BINLOG = 10
NO_USER, NO_GROUP = 33, 34
NOT_BOUND = 111


def beanstalkd(context: typer.Context) -> None:
    """Serve with beanstalkd's own options: -b -f -F -l -p -s -u -z -c -n -v -V -h."""
    # Here, so that --help and --version need none of it.
    from penstock.beanstalkd.options import USAGE, Misused, parse  # noqa: PLC0415

    try:
        options = parse(context.args)
    except Misused as error:
        raise _ended(f"{error}\n{USAGE}", MISUSED) from None
    if options.wants_help:
        raise _ended(USAGE, os.EX_OK, name="")
    if options.wants_version:
        from penstock import version  # noqa: PLC0415

        print(version.describe())
        raise typer.Exit
    try:
        status = _serve(options)
    except ListenError as error:
        raise _ended(str(error), NOT_BOUND) from None
    except LogBusy as error:
        raise _ended(str(error), NO_BINLOG) from None
    raise typer.Exit(status)


def _ended(text: str, status: int, name: str = "penstock beanstalkd: ") -> typer.Exit:
    print(f"{name}{text}", file=sys.stderr)
    return typer.Exit(status)


def _serve(options: Options) -> int:
    from penstock.cli import foreground  # noqa: PLC0415

    flags = settings(options, inherits=_inherits())
    folder = None if options.binlog is None else Path(options.binlog).absolute()

    def prepare() -> None:
        if options.user is not None:
            _become(options.user)
        if folder is not None:
            _go_on_in(folder)

    for note in options.notes:
        print(f"penstock beanstalkd: {note}", file=sys.stderr)
    return foreground.run(flags, None, foreground.Typed(), prepare)


def _go_on_in(folder: Path) -> None:
    from penstock.cli import takeover  # noqa: PLC0415

    if not folder.is_dir():
        raise _ended(f"-b {folder}: there is no such folder", NO_BINLOG)
    takeover.take_over(folder)
    takeover.hold(folder)


def _inherits() -> bool:
    from penstock import config  # noqa: PLC0415

    return config.inherits(os.environ, os.getpid())


def settings(options: Options, *, inherits: bool) -> dict[str, Any]:
    """Give the settings that the options mean; what differs is noted with them."""
    from penstock.cli.takeover import data_of  # noqa: PLC0415
    from penstock.server.access import PRIVATE  # noqa: PLC0415

    given: dict[str, Any] = {"max_job_size": options.job_size}
    if options.binlog is None:
        given["memory"] = True
    else:
        given["data"] = str(data_of(Path(options.binlog)))
        given["sync"] = options.sync or "always"
    if inherits:
        given["allow"] = [str(network) for network in PRIVATE]
    else:
        given |= _listening(options)
    return given


def _listening(options: Options) -> dict[str, Any]:
    """Say where to listen, and who may come."""
    from penstock.server import access  # noqa: PLC0415

    host, port = options.address, options.port
    if host is None:
        options.notes.append(
            "listens on this machine alone, beanstalkd would on all of its addresses:"
            " say -l 0.0.0.0 for clients of private networks"
        )
        return {"beanstalk": [f"127.0.0.1:{port}", f"[::1]:{port}"]}
    if host.startswith("unix:"):
        return {"beanstalk": [host]}
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    networks = access.reach(host)
    if networks is None:
        raise ConfigError(
            f"-l {host} is an address of the public internet, and clients are not asked"
            f" who they are: say who may connect, `penstock serve --beanstalk {where}"
            " --allow RANGE`"
        )
    if networks:
        options.notes.append(
            f"-l {host}: clients of private networks may connect, others are refused"
        )
    allow = [str(network) for network in networks]
    return {"beanstalk": [where], **({"allow": allow} if allow else {})}


def _become(name: str) -> None:
    """Be another user from now on, with that one's groups."""
    import pwd  # noqa: PLC0415

    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise _ended(f"-u {name}: there is no such user", NO_USER) from None
    try:
        os.initgroups(name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    except OSError as error:
        raise _ended(f"-u {name}: {error.strerror}", NO_GROUP) from None
