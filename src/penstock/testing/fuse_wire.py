"""FUSE in bytes: a request of the kernel in, the answer out; no descriptors here.

The kernel is told to keep nothing (every file is direct, no name or attribute is valid
for any time), so that what a program reads is what the tree shows.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass

from penstock.testing.volatile_files import SECTOR, Directory, File, Node, Tree, find

LARGEST = 1 << 20  # bytes of one write
REQUEST = LARGEST + 4096  # room for the largest request

_HEADER = struct.Struct("<IIQQIIIHH")
_ANSWER = struct.Struct("<IiQ")
_INIT_IN = struct.Struct("<IIII")
_INIT_OUT = struct.Struct("<IIIIHHIIHHI28x")
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_ENTRY = struct.Struct("<QQQQII")
_VALID = struct.Struct("<QII")
_SETATTR = struct.Struct("<IIQQQQQQIIIIIIII")
_MKNOD = struct.Struct("<IIII")
_MKDIR = struct.Struct("<II")
_CREATE = struct.Struct("<IIII")
_RENAME2 = struct.Struct("<QII")
_OPENED = struct.Struct("<QII")
_READ = struct.Struct("<QQIIQII")
_WRITE = struct.Struct("<QQIIQII")
_WRITTEN = struct.Struct("<II")
_STATFS = struct.Struct("<QQQQQIII28x")
_FALLOCATE = struct.Struct("<QQQII")
_DIRENT = struct.Struct("<QQII")

MAJOR, MINOR = 7, 31
ROOT = 1
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
# A file is read from us each time, and closing it asks nothing: a program can close
# its files while the power is off.
DIRECT_IO, NO_FLUSH = 1, 32
SET_MODE, SET_SIZE = 1, 8
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16

# Opcodes, as in linux/fuse.h.
LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK = 8, 9, 10, 11, 12, 13
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 14, 15, 16, 17, 18, 20
INIT, OPENDIR, READDIR, RELEASEDIR, FSYNCDIR = 26, 27, 28, 29, 30
CREATE, INTERRUPT, BATCH_FORGET, FALLOCATE, RENAME2 = 35, 36, 42, 43, 45

UNANSWERED = {FORGET, INTERRUPT, BATCH_FORGET}
CHANGING = {
    *(SETATTR, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK, WRITE, FSYNC, FSYNCDIR),
    *(CREATE, FALLOCATE, RENAME2),
}


@dataclass(slots=True)
class Fault:
    """A request that fails: a write or a sync with an error, a short write without."""

    kind: str
    before: int
    error: int

    def is_now(self, *kinds: str) -> bool:
        """Count a request; tell whether it is the one."""
        if self.kind not in kinds:
            return False
        self.before -= 1
        return self.before == -1


def opcode(request: bytes) -> int:
    """Tell which operation a request asks for."""
    return int.from_bytes(request[4:8], "little")


class FuseWire:
    """Answers the kernel from a tree of files."""

    def __init__(self, tree: Tree, capacity: int) -> None:
        self.tree = tree
        self.capacity = capacity
        self.fault = Fault("", 0, 0)
        self._table: dict[int, Callable[[int, bytes], bytes]] = {
            LOOKUP: self._lookup,
            GETATTR: self._getattr,
            SETATTR: self._setattr,
            MKNOD: self._mknod,
            MKDIR: self._mkdir,
            UNLINK: self._unlink,
            RMDIR: self._unlink,
            RENAME: self._rename,
            RENAME2: self._rename2,
            LINK: self._link,
            OPEN: self._open,
            OPENDIR: self._open,
            CREATE: self._create,
            READ: self._read,
            WRITE: self._write,
            FALLOCATE: self._fallocate,
            FSYNC: self._sync,
            FSYNCDIR: self._sync,
            RELEASE: self._release,
            RELEASEDIR: self._release,
            READDIR: self._readdir,
            STATFS: self._statfs,
            INIT: self._init,
        }

    def answer(self, request: bytes) -> bytes | None:
        """Carry a request out; give what the kernel is told, if it waits at all."""
        length, code, unique, number, *_ = _HEADER.unpack_from(request)
        if code in UNANSWERED:
            return None
        perform = self._table.get(code)
        error, body = errno.ENOSYS, b""
        if perform is not None:
            try:
                error, body = 0, perform(number, request[_HEADER.size : length])
            except OSError as failure:
                error = failure.errno or errno.EIO
        return _ANSWER.pack(_ANSWER.size + len(body), -error, unique) + body

    # The mount.

    def _init(self, _: int, body: bytes) -> bytes:
        major, minor, ahead, flags = _INIT_IN.unpack_from(body)
        assert major == MAJOR, f"FUSE {major}.{minor}"
        flags &= BIG_WRITES | MAX_PAGES
        pages = LARGEST // 4096
        return _INIT_OUT.pack(
            MAJOR, min(minor, MINOR), ahead, flags, 16, 12, LARGEST, 1, pages, 0, 0
        )

    def _statfs(self, _: int, __: bytes) -> bytes:
        blocks = self.capacity // 4096
        free = max(0, self.capacity - self.tree.used()) // 4096
        return _STATFS.pack(blocks, free, free, 1 << 20, 1 << 19, 4096, 255, 4096)

    # Names.

    def _lookup(self, number: int, body: bytes) -> bytes:
        return _entry(find(self._directory(number), body.rstrip(b"\0")))

    def _mknod(self, number: int, body: bytes) -> bytes:
        mode, _, umask, _ = _MKNOD.unpack_from(body)
        return self._make(number, body[_MKNOD.size :], mode & ~umask)

    def _mkdir(self, number: int, body: bytes) -> bytes:
        mode, umask = _MKDIR.unpack_from(body)
        return self._make(number, body[_MKDIR.size :], stat.S_IFDIR | mode & ~umask)

    def _create(self, number: int, body: bytes) -> bytes:
        _, mode, umask, _ = _CREATE.unpack_from(body)
        entry = self._make(
            number, body[_CREATE.size :], stat.S_IFREG | mode & 0o7777 & ~umask
        )
        return entry + self._open(int.from_bytes(entry[:8], "little"), b"")

    def _make(self, number: int, name: bytes, mode: int) -> bytes:
        return _entry(
            self.tree.create(self._directory(number), name.rstrip(b"\0"), mode)
        )

    def _unlink(self, number: int, body: bytes) -> bytes:
        self.tree.unlink(self._directory(number), body.rstrip(b"\0"))
        return b""

    def _link(self, number: int, body: bytes) -> bytes:
        node = self._node(int.from_bytes(body[:8], "little"))
        self.tree.link(node, self._directory(number), body[8:].rstrip(b"\0"))
        return _entry(node)

    def _rename(self, number: int, body: bytes) -> bytes:
        name, new = body[8:].rstrip(b"\0").split(b"\0")
        target = self._directory(int.from_bytes(body[:8], "little"))
        self.tree.rename(self._directory(number), name, target, new)
        return b""

    def _rename2(self, number: int, body: bytes) -> bytes:
        if _RENAME2.unpack_from(body)[1]:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return self._rename(number, body[:8] + body[_RENAME2.size :])

    def _readdir(self, number: int, body: bytes) -> bytes:
        _, start, size, *_ = _READ.unpack_from(body)
        listed = b""
        names = list(self._directory(number).seen.items())
        for place, (name, node) in enumerate(names[start:], start + 1):
            kind = stat.S_IFMT(node.mode) >> 12
            one = _DIRENT.pack(node.number, place, len(name), kind) + name
            one += bytes(-len(one) % 8)
            if len(listed) + len(one) > size:
                break
            listed += one
        return listed

    # Files.

    def _getattr(self, number: int, _: bytes) -> bytes:
        return _VALID.pack(0, 0, 0) + _attributes(self._node(number))

    def _setattr(self, number: int, body: bytes) -> bytes:
        valid, _, _, size, *_ = fields = _SETATTR.unpack_from(body)
        node = self._node(number)
        if valid & SET_MODE:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(fields[11])
        if valid & SET_SIZE:
            self._file(number, size).resize(size)
        return self._getattr(number, b"")

    def _open(self, number: int, _: bytes) -> bytes:
        node = self._node(number)
        node.opened += 1
        flags = DIRECT_IO | NO_FLUSH if isinstance(node, File) else 0
        return _OPENED.pack(0, flags, 0)

    def _release(self, number: int, _: bytes) -> bytes:
        node = self._node(number)
        node.opened -= 1
        if not node.opened and not node.links:
            self.tree.forget_unreachable()
        return b""

    def _read(self, number: int, body: bytes) -> bytes:
        _, offset, size, *_ = _READ.unpack_from(body)
        return bytes(self._file(number).seen[offset : offset + size])

    def _write(self, number: int, body: bytes) -> bytes:
        _, offset, size, _, _, flags, _ = _WRITE.unpack_from(body)
        if self.fault.is_now("write", "short"):
            if self.fault.kind == "write" or size < 2:
                raise OSError(self.fault.error, os.strerror(self.fault.error))
            size //= 2
        file = self._file(number, offset + size)
        file.write(offset, body[_WRITE.size : _WRITE.size + size])
        if flags & (os.O_DSYNC | os.O_SYNC):
            file.sync()
        return _WRITTEN.pack(size, 0)

    def _fallocate(self, number: int, body: bytes) -> bytes:
        _, offset, length, mode, _ = _FALLOCATE.unpack_from(body)
        if mode & ~(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        end = offset + length
        file = self._file(number, 0 if mode & KEEP_SIZE else end)
        if not mode & KEEP_SIZE and end > len(file.seen):
            file.resize(end)
        if mode & (PUNCH_HOLE | ZERO_RANGE) and offset < len(file.seen):
            file.write(offset, bytes(min(end, len(file.seen)) - offset))
        return b""

    def _sync(self, number: int, _: bytes) -> bytes:
        node = self._node(number)
        if self.fault.is_now("sync"):
            if isinstance(node, File):
                node.fail_to_sync()
            raise OSError(self.fault.error, os.strerror(self.fault.error))
        self.tree.sync(node)
        return b""

    # Whom a request is about.

    def _node(self, number: int) -> Node:
        node = self.tree.nodes.get(number)
        if node is None:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return node

    def _directory(self, number: int) -> Directory:
        node = self._node(number)
        if not isinstance(node, Directory):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return node

    def _file(self, number: int, size: int = 0) -> File:
        """Give a file that may grow to that size."""
        node = self._node(number)
        if not isinstance(node, File):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        growth = size - len(node.seen)
        if growth > 0 and self.tree.used() + growth > self.capacity:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return node


def _entry(node: Node) -> bytes:
    return _ENTRY.pack(node.number, 0, 0, 0, 0, 0) + _attributes(node)


def _attributes(node: Node) -> bytes:
    size = len(node.seen) if isinstance(node, File) else 0
    blocks = -(-size // SECTOR)
    return _ATTRIBUTES.pack(
        *(node.number, size, blocks, 0, 0, 0, 0, 0, 0),
        *(node.mode, node.links, os.getuid(), os.getgid(), 0, 4096, 0),
    )
