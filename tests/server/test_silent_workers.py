"""Sixty workers take a job each and say nothing more: every job comes back in time.

The original loses most of them until their owners speak again.
"""

import select
import socket
import time
from contextlib import ExitStack

import pytest

from penstock.testing import running_server

WORKERS = 60
PATIENCE = 5.0  # seconds; far more than the second that a ttr of one second takes


def connected(stack, address):
    return stack.enter_context(socket.create_connection(address))


def ask(client, command):
    client.sendall(command)
    return client.recv(4096)


@pytest.mark.slow
def test_every_job_of_a_silent_worker_comes_back(record_property):
    with running_server() as server, ExitStack() as stack:
        producer = connected(stack, (server.host, server.port))
        for _ in range(WORKERS):
            assert ask(producer, b"put 0 0 1 1\r\nx\r\n").startswith(b"INSERTED")
        deadlines = {}
        for _ in range(WORKERS):
            worker = connected(stack, (server.host, server.port))
            reply = ask(worker, b"reserve\r\n")
            deadlines[int(reply.split()[1])] = time.monotonic() + 1
        lateness = [
            returned - deadlines[id] for id, returned in taken_again(stack, server)
        ]
        record_property("latest_ms", round(max(lateness) * 1000, 1))
    assert len(lateness) == WORKERS


def taken_again(stack, server):
    """Reserve all jobs on other connections, each when it becomes ready."""
    clients = [connected(stack, (server.host, server.port)) for _ in range(WORKERS)]
    for client in clients:
        client.sendall(b"reserve\r\n")
    found = []
    last = time.monotonic() + PATIENCE
    while clients and time.monotonic() < last:
        readable, _, _ = select.select(clients, [], [], 0.1)
        for client in readable:
            found.append((int(client.recv(4096).split()[1]), time.monotonic()))
            clients.remove(client)
    return found
