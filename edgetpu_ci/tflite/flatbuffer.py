"""Reading a FlatBuffer from someone else's hands: every offset and every count is checked."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ITEMS: Final = 500_000
"""Vector elements one document may make us read. Offsets can alias, so that file size alone bounds nothing."""

_MAX_TEXT_BYTES: Final = 200


class DamagedError(ValueError):
    """An offset or a count points outside of the file."""


class _Budget:
    """How much may still be read, of a document and of those inside of it."""

    def __init__(self) -> None:
        self.items = MAX_ITEMS


class FlatBuffer:
    """The bytes, and how much of them may still be read."""

    def __init__(self, data: bytes | memoryview, budget: _Budget | None = None) -> None:
        self.data = memoryview(data)
        self._budget = budget or _Budget()

    def nested(self, start: int, length: int) -> "FlatBuffer":
        """The document that stands in some of the bytes; what is read of it counts as read of this one."""
        return FlatBuffer(self.data[start : start + length], self._budget)

    def root(self) -> "Table":
        """The table that holds all others."""
        return Table(self, self.follow(0))

    def unpack(self, form: str, at: int) -> tuple[Any, ...]:
        """Little-endian numbers at a position."""
        # struct would take a negative position from the end.
        if at < 0 or at + struct.calcsize(f"<{form}") > len(self.data):
            raise DamagedError(f"it points to byte {at:,}, and has {len(self.data):,}")
        return struct.unpack_from(f"<{form}", self.data, at)

    def follow(self, at: int) -> int:
        """Where the offset at a position points to."""
        return at + int(self.unpack("I", at)[0])

    def vector(self, at: int, width: int) -> tuple[int, int]:
        """Position and count of the vector an offset points to; all its elements lie inside."""
        start = self.follow(at)
        count = int(self.unpack("I", start)[0])
        if count * width > len(self.data) - start - 4:
            raise DamagedError(f"a list of {count:,} entries does not fit into its {len(self.data):,} bytes")
        return start + 4, count

    def spend(self, items: int) -> None:
        """Take from what may still be read."""
        self._budget.items -= items
        if self._budget.items < 0:
            raise DamagedError(f"its lists have more than {MAX_ITEMS:,} entries")


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its fields are asked for by their number in the schema, counted from 0."""

    buffer: FlatBuffer
    at: int

    def _field(self, number: int) -> int | None:
        vtable = self.at - int(self.buffer.unpack("i", self.at)[0])
        place = 4 + 2 * number
        if place + 2 > self.buffer.unpack("H", vtable)[0]:
            return None
        offset = int(self.buffer.unpack("H", vtable + place)[0])
        return self.at + offset if offset else None

    def integer(self, number: int, form: str, default: int = 0) -> int:
        """An integer field; `form` is its letter of the `struct` module."""
        at = self._field(number)
        return default if at is None else int(self.buffer.unpack(form, at)[0])

    def numbers(self, number: int, form: str) -> tuple[Any, ...]:
        """A vector of numbers."""
        at = self._field(number)
        if at is None:
            return ()
        start, count = self.buffer.vector(at, struct.calcsize(f"<{form}"))
        self.buffer.spend(count)
        return self.buffer.unpack(f"{count}{form}", start)

    def table(self, number: int) -> "Table | None":
        """A table field."""
        at = self._field(number)
        return None if at is None else Table(self.buffer, self.buffer.follow(at))

    def tables(self, number: int) -> "Iterator[Table]":
        """A vector of tables."""
        return (Table(self.buffer, self.buffer.follow(place)) for place in self._offsets(number))

    def extents(self, number: int) -> "Iterator[tuple[int, int]]":
        """A vector of strings, each as position and length."""
        return (self.buffer.vector(place, 1) for place in self._offsets(number))

    def _offsets(self, number: int) -> range:
        """Where the offsets of a vector stand."""
        at = self._field(number)
        if at is None:
            return range(0)
        start, count = self.buffer.vector(at, 4)
        self.buffer.spend(count)
        return range(start, start + 4 * count, 4)

    def extent(self, number: int) -> tuple[int, int]:
        """Position and length of a vector of bytes; (0, 0) without one."""
        at = self._field(number)
        return (0, 0) if at is None else self.buffer.vector(at, 1)

    def text(self, number: int) -> str:
        """A string, cut where it is very long; what could disturb a terminal or a document is replaced."""
        start, count = self.extent(number)
        text = printable(bytes(self.buffer.data[start : start + min(count, _MAX_TEXT_BYTES)]))
        return f"{text}…" if count > _MAX_TEXT_BYTES else text


def printable(data: bytes) -> str:
    """Bytes as text; what is no text becomes U+FFFD."""
    text = data.decode(errors="replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
