"""Files that forget: what programs see, what the disk has, and what lies between.

Nothing but a sync moves a change from what is seen to what is kept, and a sync moves
only what it was asked for: of a file its bytes and its size, of a directory its names.
When the power goes each other change survives or not, a write sector by sector, as a
disk does that writes in the order it likes. A new file that was synced in a directory
that was not is gone. A rename is one change, as every journal makes it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SECTOR = 512  # what a disk writes whole or not at all

Survives = Callable[[], bool]


@dataclass(slots=True, eq=False)
class Write:
    """Bytes written into a file."""

    offset: int
    content: bytes


@dataclass(slots=True, eq=False)
class Resize:
    """A file made longer, with zeros, or shorter."""

    size: int


@dataclass(slots=True, eq=False)
class File:
    """Bytes; `changes` are what the disk lacks, oldest first."""

    number: int
    mode: int
    links: int = 0
    opened: int = 0
    seen: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    changes: list[Write | Resize] = field(default_factory=list)

    def write(self, offset: int, content: bytes) -> None:
        """Put bytes in their place; the file grows to hold them."""
        if offset + len(content) > len(self.seen):
            self.resize(offset + len(content))
        self._change(Write(offset, content))

    def resize(self, size: int) -> None:
        """Give the file another size."""
        self._change(Resize(size))

    def sync(self) -> None:
        """Make everything written so far durable."""
        for change in self.changes:
            _apply(self.kept, change)
        self.changes.clear()

    def fail_to_sync(self) -> None:
        """Lose what was written since the last sync, yet go on showing it, and call it
        durable the next time: so does Linux (fsyncgate, 2018)."""
        self.changes.clear()

    def cut(self, survives: Survives) -> None:
        """Lose the power: keep what was synced and what happens to survive."""
        for change in self.changes:
            for part in _sectors(change):
                if survives():
                    _apply(self.kept, part)
        self.changes.clear()
        self.seen = bytearray(self.kept)

    def _change(self, change: Write | Resize) -> None:
        _apply(self.seen, change)
        self.changes.append(change)


def _apply(content: bytearray, change: Write | Resize) -> None:
    """Make the change; what lies behind the end of the file is lost."""
    if isinstance(change, Write):
        end = min(change.offset + len(change.content), len(content))
        if change.offset < end:
            content[change.offset : end] = change.content[: end - change.offset]
    elif change.size < len(content):
        del content[change.size :]
    else:
        content.extend(bytes(change.size - len(content)))


def _sectors(change: Write | Resize) -> Iterator[Write | Resize]:
    """Cut a write where the disk's sectors end."""
    if isinstance(change, Resize):
        yield change
        return
    start, end = change.offset, change.offset + len(change.content)
    while start < end:
        until = min(end, (start // SECTOR + 1) * SECTOR)
        piece = change.content[start - change.offset : until - change.offset]
        yield Write(start, piece)
        start = until


@dataclass(slots=True, eq=False)
class Directory:
    """Names, as programs see them and as the disk has them."""

    number: int
    mode: int
    links: int = 0
    opened: int = 0
    seen: dict[bytes, Node] = field(default_factory=dict)
    kept: dict[bytes, Node] = field(default_factory=dict)


Node = File | Directory


@dataclass(slots=True, frozen=True)
class Entry:
    """What a name in a directory means from now on; None: nothing."""

    directory: Directory
    name: bytes
    node: Node | None


# What becomes durable together.
Change = tuple[Entry, ...]


class Tree:
    """Directories and files; `changes` are the names that the disk lacks."""

    def __init__(self) -> None:
        self.root = Directory(1, stat.S_IFDIR | 0o755, links=1)
        self.nodes: dict[int, Node] = {1: self.root}
        self.changes: list[Change] = []
        self._last = 1

    def create(self, directory: Directory, name: bytes, mode: int) -> Node:
        """Make a file, or a directory where the mode says so."""
        if name in directory.seen:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        self._last += 1
        kind = Directory if stat.S_ISDIR(mode) else File
        node = self.nodes[self._last] = kind(self._last, mode)
        self._change((Entry(directory, name, node),))
        return node

    def link(self, node: Node, directory: Directory, name: bytes) -> None:
        """Give a file one more name."""
        if name in directory.seen:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        self._change((Entry(directory, name, node),))

    def unlink(self, directory: Directory, name: bytes) -> None:
        """Take a name away; a directory's only if it is empty."""
        node = find(directory, name)
        if isinstance(node, Directory) and node.seen:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        self._change((Entry(directory, name, None),))

    def rename(
        self, directory: Directory, name: bytes, target: Directory, new: bytes
    ) -> None:
        """Give a file another name; what had that name is replaced."""
        node = find(directory, name)
        replaced = target.seen.get(new)
        if isinstance(replaced, Directory) and replaced.seen:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        if replaced is not node:
            self._change((Entry(directory, name, None), Entry(target, new, node)))

    def sync(self, node: Node) -> None:
        """Make a file's bytes durable, or a directory's names."""
        if isinstance(node, File):
            node.sync()
            return
        for change in [c for c in self.changes if any(e.directory is node for e in c)]:
            self.changes.remove(change)
            _keep(change)
        self.forget_unreachable()

    def cut(self, survives: Survives) -> None:
        """Lose the power."""
        for change in self.changes:
            if survives():
                _keep(change)
        self.changes.clear()
        for node in self.nodes.values():
            node.opened = node.links = 0
            if isinstance(node, File):
                node.cut(survives)
            else:
                node.seen = dict(node.kept)
        self.forget_unreachable()
        for node in self.nodes.values():
            if isinstance(node, Directory):
                for named in node.seen.values():
                    named.links += 1

    def lacking(self) -> int:
        """Count the changes that the disk lacks."""
        files = (node for node in self.nodes.values() if isinstance(node, File))
        return len(self.changes) + sum(len(file.changes) for file in files)

    def used(self) -> int:
        """Count the bytes that all files have together."""
        return sum(len(n.seen) for n in self.nodes.values() if isinstance(n, File))

    def forget_unreachable(self) -> None:
        """Free what has no name any more, neither seen nor kept, and is not open."""
        found: set[int] = set()
        ahead: list[Node] = [self.root]
        ahead += [node for node in self.nodes.values() if node.opened]
        ahead += [e.node for change in self.changes for e in change if e.node]
        while ahead:
            node = ahead.pop()
            if isinstance(node, Directory) and node.number not in found:
                ahead += [*node.seen.values(), *node.kept.values()]
            found.add(node.number)
        self.nodes = {n: node for n, node in self.nodes.items() if n in found}

    def _change(self, change: Change) -> None:
        for entry in change:
            before = entry.directory.seen.pop(entry.name, None)
            if before is not None:
                before.links -= 1
            if entry.node is not None:
                entry.directory.seen[entry.name] = entry.node
                entry.node.links += 1
        self.changes.append(change)


def _keep(change: Change) -> None:
    for entry in change:
        if entry.node is None:
            entry.directory.kept.pop(entry.name, None)
        else:
            entry.directory.kept[entry.name] = entry.node


def find(directory: Directory, name: bytes) -> Node:
    """Give what has that name."""
    node = directory.seen.get(name)
    if node is None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    return node
