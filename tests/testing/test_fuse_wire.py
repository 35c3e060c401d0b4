"""FUSE in bytes, where a mounted file system does not get."""

from __future__ import annotations

import errno
import struct

import pytest

from penstock.testing import fuse_wire
from penstock.testing.fuse_wire import FuseWire
from penstock.testing.volatile_files import Tree

HEADER = struct.Struct("<IIQQIIIHH")


@pytest.fixture
def wire() -> FuseWire:
    return FuseWire(Tree(), capacity=1 << 20)


def request(code: int, node: int, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(body), code, 7, node, 0, 0, 0, 0, 0) + body


def ask(wire: FuseWire, code: int, node: int, body: bytes = b"") -> tuple[int, bytes]:
    """Ask for something; give the errno and the answer's body."""
    answer = wire.answer(request(code, node, body))
    assert answer is not None
    length, error, unique = struct.unpack_from("<IiQ", answer)
    assert (length, unique) == (len(answer), 7)
    return -error, answer[16:]


def created(wire: FuseWire, name: bytes) -> int:
    body = struct.pack("<IIII", 0, 0o100600, 0o022, 0) + name + b"\0"
    error, answer = ask(wire, fuse_wire.CREATE, fuse_wire.ROOT, body)
    assert error == 0
    return int.from_bytes(answer[:8], "little")


def write(wire: FuseWire, node: int, content: bytes, flags: int = 0) -> int:
    body = struct.pack("<QQIIQII", 0, 0, len(content), 0, 0, flags, 0) + content
    return ask(wire, fuse_wire.WRITE, node, body)[0]


def test_an_older_kernel_is_answered_in_its_own_version(wire):
    body = struct.pack("<IIII", 7, 27, 4096, 0xFFFFFFFF)
    error, answer = ask(wire, fuse_wire.INIT, 0, body)
    assert error == 0
    assert len(answer) == 64
    assert struct.unpack_from("<II", answer) == (7, 27)


def test_only_what_changes_something_counts_as_a_moment():
    assert fuse_wire.opcode(request(fuse_wire.WRITE, 1)) in fuse_wire.CHANGING
    assert fuse_wire.opcode(request(fuse_wire.FSYNC, 1)) in fuse_wire.CHANGING
    assert fuse_wire.opcode(request(fuse_wire.READ, 1)) not in fuse_wire.CHANGING


def test_the_kernel_waits_for_no_answer_to_a_forget(wire):
    assert wire.answer(request(fuse_wire.FORGET, 1, bytes(8))) is None


def test_what_is_not_supported_is_said_to_be_so(wire):
    assert ask(wire, 47, 1) == (errno.ENOSYS, b"")


def test_a_file_that_the_power_took_is_stale(wire):
    node = created(wire, b"a")
    wire.tree.cut(lambda: False)
    assert write(wire, node, b"x") == errno.ESTALE


def test_a_write_through_a_synchronous_descriptor_is_durable(wire):
    node = created(wire, b"a")
    file = wire.tree.nodes[node]
    assert write(wire, node, b"x" * 10) == 0
    assert file.kept == b""
    assert write(wire, node, b"y" * 10, flags=0o10000) == 0
    assert file.kept == b"y" * 10


def test_a_file_grows_no_further_than_the_disk_is_large(wire):
    node = created(wire, b"a")
    assert write(wire, node, bytes(1 << 20)) == 0
    other = created(wire, b"b")
    assert write(wire, other, b"x") == errno.ENOSPC
    assert write(wire, node, b"x") == 0, "what is there can be overwritten"


def test_a_directory_is_no_file_and_a_file_no_directory(wire):
    node = created(wire, b"a")
    assert write(wire, fuse_wire.ROOT, b"x") == errno.EISDIR
    assert ask(wire, fuse_wire.LOOKUP, node, b"x\0")[0] == errno.ENOTDIR


def test_an_exchange_of_names_is_refused(wire):
    body = struct.pack("<QII", 1, 2, 0) + b"a\0b\0"
    assert ask(wire, fuse_wire.RENAME2, 1, body)[0] == errno.EINVAL
