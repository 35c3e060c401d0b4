"""Accepting: bounds, guards, and what happens when descriptors run out."""

import os
import subprocess
import sys

import pytest

from tests.core.plumbing import Plumbing, hear, hear_the_end
from tests.variants import ROOT

if os.environ.get("PENSTOCK_FORM") == "plain":
    pytest.skip("the acceptor has no plain form", allow_module_level=True)
pytest.importorskip("penstock.core.acceptor")

# A process of its own: it uses up its descriptors.
EXHAUST = """
import resource, socket
from tests.core.plumbing import Plumbing, hear
plumbing = Plumbing()
end, _ = plumbing.connect()
callers = [socket.socket() for _ in range(3)]
for caller in callers:
    caller.settimeout(5)
used = max(caller.fileno() for caller in callers) + 1
resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
for caller in callers:
    caller.connect(plumbing.listening.getsockname())
rounds = plumbing.settle(most=10)
first = callers[0].recv(1)
end.sendall(b"use a\\r\\n")
plumbing.settle(most=4)
assert hear(end, 9) == b"USING a\\r\\n"
print("exhausted", plumbing.reactor.acceptor.exhausted, "turned away", first == b"")
print("accepting", plumbing.reactor.acceptor.accepting, plumbing.is_ready(0.05))
callers[0].close()
end.close()
plumbing.settle(most=10)
plumbing.reactor.acceptor.resume()
plumbing.settle(most=10)
callers[1].sendall(b"use b\\r\\n")
plumbing.settle(most=10)
print(hear(callers[1], 9))
"""


def test_callers_are_accepted_until_the_bound_and_then_wait():
    plumbing = Plumbing(most_connections=2)
    callers = [plumbing.caller() for _ in range(3)]
    plumbing.settle(most=6)
    assert plumbing.reactor.connections == 2
    assert not plumbing.is_ready(0.05)
    callers[0].close()
    plumbing.settle(most=6)
    plumbing.reactor.acceptor.resume()
    plumbing.settle(most=6)
    assert plumbing.reactor.connections == 2
    callers[2].sendall(b"use a\r\n")
    plumbing.settle(most=6)
    assert hear(callers[2], 9) == b"USING a\r\n"
    plumbing.shut()


def test_a_guard_turns_callers_away():
    answers = iter([False, True])
    plumbing = Plumbing(guard=lambda fd: next(answers))
    first, second = plumbing.caller(), plumbing.caller()
    plumbing.settle(most=4)
    assert plumbing.listener.refused == 1
    assert plumbing.reactor.connections == 1
    assert hear_the_end(first) == b""
    second.sendall(b"use a\r\n")
    plumbing.settle(most=4)
    assert hear(second, 9) == b"USING a\r\n"
    plumbing.shut()


def test_while_accepting_is_paused_callers_stay_in_the_queue():
    plumbing = Plumbing()
    plumbing.reactor.acceptor.pause()
    plumbing.caller()
    assert not plumbing.is_ready(0.05)
    plumbing.reactor.acceptor.resume()
    plumbing.settle(most=4)
    assert plumbing.reactor.connections == 1
    plumbing.shut()


def test_many_callers_are_accepted_in_few_callbacks():
    plumbing = Plumbing(most_connections=1000)
    for _ in range(100):
        plumbing.caller()
    assert plumbing.settle() <= 4
    assert plumbing.reactor.connections == 100
    plumbing.shut()


def test_without_descriptors_one_caller_is_turned_away_and_nobody_spins():
    done = subprocess.run(
        [sys.executable, "-c", EXHAUST],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "exhausted 1 turned away True",
        "accepting False False",
        "b'USING b\\r\\n'",
    ]
