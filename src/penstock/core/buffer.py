"""Bytes that are written at the end and taken from the front."""

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.libc.string import memcpy, memmove

if not cython.compiled:
    SMALLEST = 64
    KEEP = 4096  # an emptied buffer larger than this gives its memory back


@cython.final
@cython.cclass
class Buffer:
    """One growing block of memory; `data[start:end]` is what it holds."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.capacity = 0
        if not cython.compiled:
            self.data: cython.p_uchar = bytearray()

    def __dealloc__(self) -> None:
        if cython.compiled:
            free(self.data)

    def __len__(self) -> int:
        return self.end - self.start

    def __bytes__(self) -> bytes:
        return bytes(self.data[self.start : self.end])

    @cython.ccall
    def room(self, count: cython.Py_ssize_t) -> cython.void:
        """Make sure that `count` more bytes fit behind the end."""
        if self.capacity - self.end >= count:
            return
        if self.start:
            self._slide()
        if self.capacity - self.end < count:
            self._resize(max(self.end + count, self.capacity * 2, SMALLEST))

    @cython.cfunc
    def _slide(self) -> cython.void:
        count: cython.Py_ssize_t = self.end - self.start
        if cython.compiled:
            memmove(self.data, self.data + self.start, count)
        else:
            self.data[:count] = self.data[self.start : self.end]
        self.start = 0
        self.end = count

    @cython.cfunc
    def _resize(self, capacity: cython.Py_ssize_t) -> cython.void:
        if cython.compiled:
            data: cython.p_uchar = cython.cast(
                cython.p_uchar, realloc(self.data, capacity)
            )
            if data is cython.NULL:
                raise MemoryError
            self.data = data
        else:
            self.data.extend(bytes(capacity - self.capacity))
        self.capacity = capacity

    @cython.ccall
    def drop(self, count: cython.Py_ssize_t) -> cython.void:
        """Forget the first `count` bytes."""
        self.start += count
        if self.start == self.end:
            self.clear()

    @cython.ccall
    def rewind(self) -> cython.void:
        """Forget everything and keep the memory for what comes next."""
        self.start = 0
        self.end = 0

    @cython.ccall
    def clear(self) -> cython.void:
        """Forget everything."""
        self.start = 0
        self.end = 0
        if self.capacity > KEEP:
            self.free()

    @cython.ccall
    def free(self) -> cython.void:
        """Forget everything and give the memory back."""
        self.start = 0
        self.end = 0
        self.capacity = 0
        if cython.compiled:
            free(self.data)
            self.data = cython.NULL
        else:
            self.data = bytearray()

    @cython.ccall
    def add(self, content: bytes) -> cython.void:
        """Append bytes."""
        count: cython.Py_ssize_t = len(content)
        if self.capacity - self.end < count:
            self.room(count)
        if cython.compiled:
            memcpy(self.data + self.end, cython.cast(cython.p_uchar, content), count)
        else:
            self.data[self.end : self.end + count] = content
        self.end += count

    @cython.cfunc
    def add_slice(
        self,
        source: cython.p_uchar,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
    ) -> cython.void:
        """Append `source[start:end]`, which must not be this buffer's own memory."""
        count: cython.Py_ssize_t = end - start
        self.room(count)
        if cython.compiled:
            memcpy(self.data + self.end, source + start, count)
        else:
            self.data[self.end : self.end + count] = source[start:end]
        self.end += count

    @cython.ccall
    def add_decimal(self, value: cython.ulonglong) -> cython.void:
        """Append a number in decimal digits."""
        if self.capacity - self.end < 20:
            self.room(20)
        digits: cython.Py_ssize_t = 1
        rest: cython.ulonglong = value // 10
        while rest:
            digits += 1
            rest //= 10
        at: cython.Py_ssize_t = self.end + digits
        self.end = at
        for _ in range(digits):
            at -= 1
            self.data[at] = 48 + value % 10
            value //= 10

    # Numbers, least byte first, where `room` has been made before.

    @cython.ccall
    @cython.exceptval(check=False)
    def put_u8(self, value: cython.ulonglong) -> cython.void:
        """Append one byte."""
        self.data[self.end] = value & 255
        self.end += 1

    @cython.ccall
    @cython.exceptval(check=False)
    def put_u32(self, value: cython.ulonglong) -> cython.void:
        """Append four bytes."""
        self.set_u32(self.end, value)
        self.end += 4

    @cython.ccall
    @cython.exceptval(check=False)
    def put_u64(self, value: cython.ulonglong) -> cython.void:
        """Append eight bytes."""
        self.set_u32(self.end, value)
        self.set_u32(self.end + 4, value >> 32)
        self.end += 8

    @cython.ccall
    @cython.exceptval(check=False)
    def set_u32(self, at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.void:
        """Overwrite four bytes with the lowest 32 bits."""
        data: cython.p_uchar = self.data
        data[at] = value & 255
        data[at + 1] = (value >> 8) & 255
        data[at + 2] = (value >> 16) & 255
        data[at + 3] = (value >> 24) & 255
