"""One command line, read from left to right.

It looks into the bytes where they lie and copies nothing but names.
"""

import cython

if not cython.compiled:
    LARGEST = 0xFFFFFFFFFFFFFFFF

LONGEST_NAME = 200

NAME_CHARACTERS = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+/;.$_()"
)
# By byte: 1 where a tube's name may have it.
IN_NAMES = bytes(byte in NAME_CHARACTERS for byte in range(256))


@cython.final
@cython.cclass
class Line:
    """`data[at:end]` is what is still to be read; `value` the number read last."""

    def __init__(self) -> None:
        self.at = 0
        self.end = 0
        self.value = 0
        if not cython.compiled:
            self.data = bytearray()

    @cython.cfunc
    def begin(
        self, data: cython.p_uchar, start: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.void:
        """Look at another line, which ends before its CR LF."""
        self.data = data
        self.at = start
        self.end = end

    @cython.ccall
    @cython.exceptval(check=False)
    def is_done(self) -> cython.bint:
        """Tell whether everything has been read."""
        return self.at == self.end

    @cython.cfunc
    def starts(self, word: bytes) -> cython.bint:
        """Read a word, if the line goes on with it."""
        count: cython.Py_ssize_t = len(word)
        i: cython.Py_ssize_t
        if self.end - self.at < count:
            return False
        for i in range(count):
            if self.data[self.at + i] != word[i]:
                return False
        self.at += count
        return True

    @cython.cfunc
    @cython.exceptval(check=False)
    def _skip(self, blank: cython.uchar, other: cython.uchar) -> cython.void:
        while self.at < self.end:
            if self.data[self.at] != blank and self.data[self.at] != other:
                break
            self.at += 1

    @cython.cfunc
    @cython.exceptval(check=False)
    def number(self, most: cython.ulonglong) -> cython.bint:
        """Read spaces and decimal digits into `value`, up to `most`."""
        self._skip(32, 32)
        return self._digits() and self.value <= most

    @cython.cfunc
    @cython.exceptval(check=False)
    def _digits(self) -> cython.bint:
        start: cython.Py_ssize_t = self.at
        value: cython.ulonglong = 0
        digit: cython.uint
        while self.at < self.end:
            digit = self.data[self.at]
            if digit < 48 or digit > 57:
                break
            digit -= 48
            if value >= LARGEST // 10 and value > (LARGEST - digit) // 10:
                return False
            value = value * 10 + digit
            self.at += 1
        self.value = value
        return self.at > start

    @cython.cfunc
    @cython.exceptval(check=False)
    def lenient(self) -> cython.bint:
        """Read a number as C's strtoul does, and keep its lowest 32 bits."""
        self._skip(32, 9)
        negative: cython.bint = False
        if self.at < self.end and self.data[self.at] in (43, 45):
            negative = self.data[self.at] == 45
            self.at += 1
        if not self._digits():
            return False
        self.value &= 0xFFFFFFFF
        if negative:
            self.value = (0x100000000 - self.value) & 0xFFFFFFFF
        return True

    @cython.cfunc
    def name(self) -> bytes | None:
        """Read the rest of the line as the name of a tube."""
        name: bytes = self._word()
        return name if self.is_done() and is_name(name) else None

    @cython.cfunc
    def rest(self) -> bytes:
        """Give what is still to be read."""
        if cython.compiled:
            return self.data[self.at : self.end]
        return bytes(self.data[self.at : self.end])

    @cython.cfunc
    def spaced_word(self) -> bytes:
        """Read spaces and then what could be a tube's name, valid or not."""
        self._skip(32, 32)
        return self._word()

    @cython.cfunc
    def _word(self) -> bytes:
        start: cython.Py_ssize_t = self.at
        while self.at < self.end and IN_NAMES[self.data[self.at]]:
            self.at += 1
        if cython.compiled:
            return self.data[start : self.at]
        return bytes(self.data[start : self.at])


@cython.ccall
def is_name(name: bytes) -> cython.bint:
    """Tell whether a tube may be called that."""
    if not 1 <= len(name) <= LONGEST_NAME or name[0] == 45:
        return False
    return name.translate(None, bytes(NAME_CHARACTERS)) == b""
