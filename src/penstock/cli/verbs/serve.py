"""`penstock serve`: start the server in the foreground."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer


def serve(
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep jobs in memory only.")
    ] = False,
    beanstalk: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDR", help="Where beanstalk clients connect."),
    ] = None,
    max_job_size: Annotated[
        int, typer.Option(metavar="SIZE", help="The largest body.")
    ] = 1 << 20,
) -> None:
    """Start the server in the foreground."""
    from penstock.log.memory import MemoryLog
    from penstock.server import address, limits, listeners
    from penstock.server.lifecycle import Bounds, Server

    connections = limits.most_connections(limits.raise_descriptors(), None)
    addresses = None if not beanstalk else [address.parse(a) for a in beanstalk]
    doors = listeners.open_all(addresses)

    async def run() -> int:
        server = Server(doors, MemoryLog(), Bounds(max_job_size, connections), "memory")
        return await server.run(lambda: None)

    import uvloop

    raise typer.Exit(uvloop.run(run()))
