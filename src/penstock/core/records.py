"""Records: small durable values that the engine keeps for others and does not read.

A record has a namespace, a key, bytes and perhaps an expiry. Namespaces are bounded in
entries and bytes, so that a careless owner fills its own and no other.
"""

import cython

from penstock.core.heap import Heap

MOST_ENTRIES = 1_000_000
MOST_BYTES = 256 * 1024 * 1024
SLACK = 32  # entries of the heap that may be of records that are gone
OVERHEAD = 200  # bytes counted for each record beside its key and value


@cython.final
@cython.cclass
class Record:
    """One value; `expires` is engine time, 0 for never. `home` is the piece of the log
    that holds it."""

    def __init__(
        self, namespace: bytes, key: bytes, value: bytes, expires: cython.ulonglong
    ) -> None:
        self.namespace = namespace
        self.key = key
        self.value = value
        self.expires = expires
        self.number = 0
        self.home = 0

    def size(self) -> int:
        """Count the bytes it is charged for."""
        return len(self.key) + len(self.value) + OVERHEAD


class Namespace:
    """The records of one owner."""

    def __init__(self) -> None:
        self.records: dict[bytes, Record] = {}
        self.bytes = 0

    def has_room(self, changes: dict[bytes, bytes | None]) -> bool:
        """Tell whether these values may be set, None to remove, within the bounds."""
        entries, size = len(self.records), self.bytes
        for key, value in changes.items():
            old = self.records.get(key)
            if old is not None:
                entries, size = entries - 1, size - old.size()
            if value is not None:
                entries, size = entries + 1, size + len(key) + len(value) + OVERHEAD
        return entries <= MOST_ENTRIES and size <= MOST_BYTES


@cython.final
@cython.cclass
class Records:
    """Every record, and which expires first."""

    def __init__(self) -> None:
        self.namespaces: dict[bytes, Namespace] = {}
        self.expiries = Heap()
        self.expiring: dict[int, Record] = {}
        self.counter = 0

    def find(self, namespace: bytes, key: bytes, now: int) -> Record | None:
        """Give a record that is there and has not expired."""
        space = self.namespaces.get(namespace)
        record = space.records.get(key) if space is not None else None
        if record is None or 0 < record.expires <= now:
            return None
        return record

    def has_room(self, namespace: bytes, changes: dict[bytes, bytes | None]) -> bool:
        """Tell whether the namespace takes these values, None to remove."""
        space = self.namespaces.get(namespace)
        return (space or Namespace()).has_room(changes)

    def set(self, record: Record) -> None:
        """Put a record in the place of its predecessor."""
        self.unset(record.namespace, record.key)
        space = self.namespaces.setdefault(record.namespace, Namespace())
        space.records[record.key] = record
        space.bytes += record.size()
        if record.expires:
            self.counter += 1
            record.number = self.counter
            self.expiring[record.number] = record
            self.expiries.push(record.expires, record.number)

    def unset(self, namespace: bytes, key: bytes) -> None:
        """Forget a record, if it is there."""
        space = self.namespaces.get(namespace)
        record = space.records.pop(key, None) if space is not None else None
        if space is None or record is None:
            return
        space.bytes -= record.size()
        if not space.records:
            del self.namespaces[namespace]
        if self.expiring.pop(record.number, None) is not None:
            self._sweep()

    def size(self) -> int:
        """Count the bytes of all records, with what each is charged beside them."""
        return sum(space.bytes for space in self.namespaces.values())

    def _sweep(self) -> None:
        """Drop the entries of records that are gone when they are the most."""
        if self.expiries.size <= 2 * len(self.expiring) + SLACK:
            return
        kept = 0
        for at in range(self.expiries.size):
            if self.expiries.id(at) in self.expiring:
                self.expiries.keep(kept, at)
                kept += 1
        self.expiries.rebuild(kept)

    def first_expired(self, now: int) -> Record | None:
        """Give a record whose time has come, each once."""
        while self.expiries.size and self.expiries.key(0) <= now:
            record = self.expiring.get(self.expiries.id(0))
            self.expiries.pop()
            if record is not None:
                return record
        return None

    def all(self) -> list[Record]:
        """List the records in order of namespace and key."""
        return [
            self.namespaces[namespace].records[key]
            for namespace in sorted(self.namespaces)
            for key in sorted(self.namespaces[namespace].records)
        ]
