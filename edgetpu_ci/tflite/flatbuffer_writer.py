"""Writing a FlatBuffer: the same values give the same bytes, whatever is installed."""

import struct
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

_BYTES_ALIGNMENT: Final = 16
"""What the TFLite schema asks of its buffers; it is more than any other vector needs."""


class Numbers(NamedTuple):
    """A vector of numbers; `form` is their letter of the `struct` module."""

    form: str
    values: Sequence[float]


class Wide(NamedTuple):
    """A whole number that takes eight bytes."""

    value: int


class Nested(NamedTuple):
    """A string that is no text but a document of its own."""

    data: bytes


Child = str | bytes | Nested | Numbers | dict[int, "Value"] | Sequence["dict[int, Value] | Nested"]
Value = int | float | Wide | Child
Table = dict[int, Value]
"""Field number to value. Other numbers take four bytes, little-endian: a reader of a smaller type finds them too."""

_Waiting = deque[tuple[int, Child]]


def pack(root: Table, identifier: bytes) -> bytes:
    """The document whose root table this is; what a table points to comes after it, breadth first."""
    out = bytearray(4) + identifier
    waiting: _Waiting = deque([(0, root)])
    while waiting:
        place, value = waiting.popleft()
        at = _append(out, value, waiting)
        struct.pack_into("<I", out, place, at - place)
    return bytes(out)


def _append(out: bytearray, value: Child, waiting: _Waiting) -> int:
    if isinstance(value, dict):
        return _append_table(out, value, waiting)
    if isinstance(value, str):
        return _append_vector(out, value.encode() + b"\0", len(value.encode()), 4)
    if isinstance(value, bytes):
        return _append_vector(out, value, len(value), _BYTES_ALIGNMENT)
    if isinstance(value, Nested):
        return _append_vector(out, value.data + b"\0", len(value.data), _BYTES_ALIGNMENT)
    if isinstance(value, Numbers):
        data = struct.pack(f"<{len(value.values)}{value.form}", *value.values)
        return _append_vector(out, data, len(value.values), 8)
    at = _append_vector(out, bytes(4 * len(value)), len(value), 4)
    waiting.extend((at + 4 + 4 * n, table) for n, table in enumerate(value))
    return at


def _append_vector(out: bytearray, data: bytes, count: int, alignment: int) -> int:
    """The elements are aligned, and their count stands before them; what ends a string is data and no element."""
    out += bytes(-(len(out) + 4) % alignment) + struct.pack("<I", count) + data
    return len(out) - len(data) - 4


def _append_table(out: bytearray, table: Table, waiting: _Waiting) -> int:
    """Wide fields come first: after the four bytes at its start, a table gives them a place that is aligned."""
    order = sorted(table, key=lambda field: (not isinstance(table[field], Wide), field))
    widths = [8 if isinstance(table[field], Wide) else 4 for field in order]
    places = dict(zip(order, accumulate(widths, initial=4), strict=False))
    vtable_bytes = 4 + 2 * (max(table, default=-1) + 1)
    start, alignment = (4, 8) if 8 in widths else (0, 4)  # noqa: PLR2004 - the width of a wide field
    out += bytes(-(len(out) + vtable_bytes + start) % alignment)
    offsets = [places.get(field, 0) for field in range(max(table, default=-1) + 1)]
    out += struct.pack(f"<{2 + len(offsets)}H", vtable_bytes, 4 + sum(widths), *offsets)
    at = len(out)
    out += struct.pack("<i", vtable_bytes)
    for field in order:
        _append_field(out, table[field], waiting)
    return at


def _append_field(out: bytearray, value: Value, waiting: _Waiting) -> None:
    if isinstance(value, Wide):
        out += struct.pack("<Q", value.value)
    elif isinstance(value, int | float):
        out += struct.pack("<f" if isinstance(value, float) else "<i", value)
    else:
        waiting.append((len(out), value))
        out += bytes(4)
