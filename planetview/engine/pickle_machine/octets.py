"""The bytes of a pickle stream, read one after another and never past their end."""

from __future__ import annotations

import mmap
import re

from planetview.engine.pickle_machine.values import damaged

NUMBER_TEXT = 64


class Octets:
    """A place in a stream that moves on with every read.

    position: offset of the next byte. Every method raises UnsafeFile when the stream ends too early or does not
    hold what is asked for.
    """

    __slots__ = ("_data", "_end", "_view", "position")

    def __init__(self, data: bytes | mmap.mmap, start: int) -> None:
        self._data, self._view, self._end = data, memoryview(data).toreadonly(), len(data)
        self.position = start

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        begin = self.position
        if count > self._end - begin:
            raise damaged("it ends too early")
        self.position = begin + count
        return self._data[begin : self.position]

    def take_view(self, count: int) -> memoryview:
        """Return the next `count` bytes without copying them."""
        begin = self.position
        if count > self._end - begin:
            raise damaged("it ends too early")
        self.position = begin + count
        return self._view[begin : self.position]

    def number(self, count: int) -> int:
        """Return the unsigned number, least byte first, of the next `count` bytes."""
        return int.from_bytes(self.take(count), "little")

    def line(self, longest: int | None = None) -> bytes:
        """Return the bytes up to the next line feed, which must come within `longest` bytes, and step over it."""
        begin = self.position
        last = self._end if longest is None else min(self._end, begin + longest + 1)
        stop = self._data.find(b"\n", begin, last)
        if stop < 0:
            raise damaged("a line has no end")
        self.position = stop + 1
        return self._data[begin:stop]

    def decimal(self) -> int:
        """Return the number that the next line spells."""
        line = self.line(NUMBER_TEXT)
        if not re.fullmatch(rb"-?[0-9]{1,24}L?", line):
            raise damaged("a number is not a number")
        return int(line.rstrip(b"L"))

    def text(self, count: int) -> str:
        """Return the next `count` bytes as UTF-8 text."""
        try:
            return self.take(count).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise damaged("a text is not UTF-8") from error
