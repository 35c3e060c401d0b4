"""The codec of events: facts as bytes, all numbers least byte first.

An event is kind u8, length u32, fixed fields, then attributes (tag u8, length u32,
bytes). Strings among the fixed fields are length u8, bytes. Kinds and tags below 128
that a release does not know mean a newer format; from 128 up they are skipped, and tags
are preserved. A field's meaning never changes: a new meaning is a new kind.
"""

import cython

from penstock.core.buffer import Buffer

if not cython.compiled:
    from penstock.core.kinds import (
        BOOT,
        BURY,
        CHANGE,
        CLEAR,
        DELETE,
        FREE,
        HOLD,
        KICK,
        NOTE,
        PUT,
        RELEASE,
        RESERVE,
        RETURN,
        SEAL,
        TAG_BODY,
        TAG_KEY,
        TAG_REASON,
        TAG_TOKEN,
        TAG_VALUE,
        TOUCH,
        UNSET,
    )

    KEPT = 1024 * 1024  # bytes of memory that an emptied batch keeps
    FIXED = 64  # bytes that hold any event's head and fixed numbers


@cython.final
@cython.cclass
class Batch:
    """The events that commit together.

    `hard` tells that a reply waits for it; `now`, `wall` and `next_id` are noted when
    it is handed to the log. A `forgetful` one counts its events and keeps no bytes. It
    is emptied and used again once its bytes are with the log.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.now = 0
        self.wall = 0
        self.next_id = 0
        self.count = 0
        self.hard = False
        self.events = Buffer()
        self.opened = 0
        self.forgetful = False

    @cython.ccall
    def clear(self, seq: cython.ulonglong) -> cython.void:
        """Begin anew, as the batch of that number."""
        self.seq = seq
        self.count = 0
        self.hard = False
        if self.events.capacity > KEPT:
            self.events.free()
        else:
            self.events.rewind()

    def payload(self) -> bytes:
        """Give the encoded events."""
        return bytes(self.events)

    @cython.ccall
    def size(self) -> cython.Py_ssize_t:
        """Count the bytes of the encoded events."""
        return self.events.end

    @cython.cfunc
    def open(self, kind: cython.uint, hard: cython.bint) -> cython.void:
        """Begin an event: its head, and room for its fixed numbers."""
        self.events.room(FIXED)
        self.opened = self.events.end
        self.events.put_u8(kind)
        self.events.put_u32(0)
        if hard:
            self.hard = True

    @cython.cfunc
    @cython.exceptval(check=False)
    def close(self) -> cython.void:
        """End the event that was begun."""
        self.events.set_u32(self.opened + 1, self.events.end - self.opened - 5)
        self.count += 1
        if self.forgetful:
            self.events.rewind()

    @cython.cfunc
    def string(self, content: bytes) -> cython.void:
        """Write a short string among the fixed fields."""
        self.events.room(256)
        self.events.put_u8(len(content))
        self.events.add(content)

    @cython.cfunc
    def attribute(self, tag: cython.uint, content: bytes) -> cython.void:
        """Write an attribute."""
        if self.forgetful:
            return
        self.events.room(5 + len(content))
        self.events.put_u8(tag)
        self.events.put_u32(len(content))
        self.events.add(content)

    @cython.ccall
    def put(
        self,
        id: cython.ulonglong,
        tube: bytes,
        pri: cython.uint,
        created: cython.ulonglong,
        delay: cython.ulonglong,
        due: cython.ulonglong,
        ttr: cython.ulonglong,
        attributes: bytes,
        body: bytes,
    ) -> cython.void:
        """A job exists: delayed until `due`, or ready where that is 0."""
        self.open(PUT, True)
        self.events.put_u64(id)
        self.events.put_u32(pri)
        self.events.put_u64(created)
        self.events.put_u64(delay)
        self.events.put_u64(due)
        self.events.put_u64(ttr)
        self.string(tube)
        self.events.add(attributes)
        self.attribute(TAG_BODY, body)
        self.close()

    @cython.ccall
    def reserve(
        self, id: cython.ulonglong, until: cython.ulonglong, token: bytes | None
    ) -> cython.void:
        """A job was given to a session, or to the lease of that token (hard)."""
        self._moment(RESERVE, id, until, token)

    @cython.ccall
    def touch(
        self, id: cython.ulonglong, until: cython.ulonglong, token: bytes | None
    ) -> cython.void:
        """A holder asked for more time."""
        self._moment(TOUCH, id, until, token)

    @cython.cfunc
    def _moment(
        self,
        kind: cython.uint,
        id: cython.ulonglong,
        until: cython.ulonglong,
        token: bytes | None,
    ) -> cython.void:
        self.open(kind, token is not None)
        self.events.put_u64(id)
        self.events.put_u64(until)
        if token is not None:
            self.attribute(TAG_TOKEN, token)
        self.close()

    @cython.ccall
    def give_back(
        self, id: cython.ulonglong, reason: cython.uint, leased: cython.bint
    ) -> cython.void:
        """RETURN: a held job is ready again: its ttr ran out, its session closed."""
        self.open(RETURN, leased)
        self.events.put_u64(id)
        self.events.put_u8(reason)
        self.close()

    @cython.ccall
    def release(
        self,
        id: cython.ulonglong,
        pri: cython.uint,
        delay: cython.ulonglong,
        due: cython.ulonglong,
    ) -> cython.void:
        """A holder gave a job back."""
        self.open(RELEASE, True)
        self.events.put_u64(id)
        self.events.put_u32(pri)
        self.events.put_u64(delay)
        self.events.put_u64(due)
        self.close()

    @cython.ccall
    def bury(
        self,
        id: cython.ulonglong,
        pri: cython.uint,
        reason: cython.uint,
        place: cython.ulonglong,
    ) -> cython.void:
        """A job is last in the line of buried ones."""
        self.open(BURY, True)
        self.events.put_u64(id)
        self.events.put_u32(pri)
        self.events.put_u8(reason)
        self.events.put_u64(place)
        self.close()

    def kick(self, ids: list[int]) -> cython.void:
        """Buried or delayed jobs are ready; at most 1,000 of them."""
        self.open(KICK, True)
        self.events.room(8 * len(ids))
        for id in ids:
            self.events.put_u64(id)
        self.close()

    @cython.ccall
    def hold(self, id: cython.ulonglong, reason: bytes) -> cython.void:
        """A job waits for something other than time."""
        self.open(HOLD, True)
        self.events.put_u64(id)
        self.attribute(TAG_REASON, reason)
        self.close()

    @cython.ccall
    def free(self, id: cython.ulonglong, due: cython.ulonglong) -> cython.void:
        """A held job is ready, or delayed until `due`."""
        self.open(FREE, True)
        self.events.put_u64(id)
        self.events.put_u64(due)
        self.close()

    @cython.ccall
    def change(
        self,
        id: cython.ulonglong,
        mask: cython.uint,
        tube: bytes,
        pri: cython.uint,
        due: cython.ulonglong,
        attributes: bytes,
    ) -> cython.void:
        """Another tube, pri, due or other attributes, as the mask tells."""
        self.open(CHANGE, True)
        self.events.put_u64(id)
        self.events.put_u8(mask)
        self.events.put_u32(pri)
        self.events.put_u64(due)
        self.string(tube)
        self.events.add(attributes)
        self.close()

    @cython.ccall
    def delete(self, id: cython.ulonglong, reason: cython.uint) -> cython.void:
        """A job is gone."""
        self.open(DELETE, True)
        self.events.put_u64(id)
        self.events.put_u8(reason)
        self.close()

    @cython.ccall
    def clear_tube(
        self,
        tube: bytes,
        states: cython.uint,
        up_to: cython.ulonglong,
        now: cython.ulonglong,
    ) -> cython.void:
        """CLEAR: jobs of those states with ids up to that are gone, as of `now`."""
        self.open(CLEAR, True)
        self.events.put_u8(states)
        self.events.put_u64(up_to)
        self.events.put_u64(now)
        self.string(tube)
        self.close()

    @cython.ccall
    def pause(
        self,
        kind: cython.uint,
        tube: bytes,
        length: cython.ulonglong,
        until: cython.ulonglong,
    ) -> cython.void:
        """PAUSE or its image: reserves wait until then; 0 is resumed."""
        self.open(kind, True)
        self.events.put_u64(length)
        self.events.put_u64(until)
        self.string(tube)
        self.close()

    @cython.ccall
    def note(
        self, id: cython.ulonglong, namespace: bytes, value: bytes, hard: cython.bint
    ) -> cython.void:
        """Bytes attached to a job under a namespace; empty ones take it away."""
        self.open(NOTE, hard)
        self.events.put_u64(id)
        self.string(namespace)
        self.attribute(TAG_VALUE, value)
        self.close()

    @cython.ccall
    def set(
        self,
        kind: cython.uint,
        namespace: bytes,
        key: bytes,
        value: bytes,
        expires: cython.ulonglong,
    ) -> cython.void:
        """SET or its image: a record is there until it expires; 0 is never."""
        self.open(kind, True)
        self.events.put_u64(expires)
        self.string(namespace)
        self.attribute(TAG_KEY, key)
        self.attribute(TAG_VALUE, value)
        self.close()

    @cython.ccall
    def unset(self, namespace: bytes, key: bytes) -> cython.void:
        """A record is gone."""
        self.open(UNSET, True)
        self.string(namespace)
        self.attribute(TAG_KEY, key)
        self.close()

    @cython.ccall
    def boot(
        self, clean: cython.bint, downtime: cython.ulonglong, version: bytes
    ) -> cython.void:
        """That version started: what connections held is ready again."""
        self.open(BOOT, True)
        self.events.put_u8(1 if clean else 0)
        self.events.put_u64(downtime)
        self.attribute(TAG_VALUE, version)
        self.close()

    @cython.ccall
    def seal(self) -> cython.void:
        """Nothing happened; what was soft is durable."""
        self.open(SEAL, False)
        self.close()
