"""Writing a FlatBuffer: the same values give the same bytes, whatever is installed."""

import struct
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

_BYTES_ALIGNMENT: Final = 16
"""What the TFLite schema asks of its buffers; it is more than any other vector needs."""


class Numbers(NamedTuple):
    """A vector of numbers; `form` is their letter of the `struct` module."""

    form: str
    values: Sequence[float]


Child = str | bytes | Numbers | dict[int, "Value"] | Sequence["dict[int, Value]"]
Value = int | float | Child
Table = dict[int, Value]
"""Field number to value. Each number takes four bytes, little-endian: a reader of a smaller type finds it too."""

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
    if isinstance(value, Numbers):
        data = struct.pack(f"<{len(value.values)}{value.form}", *value.values)
        return _append_vector(out, data, len(value.values), 8)
    at = _append_vector(out, bytes(4 * len(value)), len(value), 4)
    waiting.extend((at + 4 + 4 * n, table) for n, table in enumerate(value))
    return at


def _append_vector(out: bytearray, data: bytes, count: int, alignment: int) -> int:
    """The elements are aligned, and their count stands before them."""
    out += bytes(-(len(out) + 4) % alignment) + struct.pack("<I", count) + data
    return len(out) - len(data) - 4


def _append_table(out: bytearray, table: Table, waiting: _Waiting) -> int:
    slots = max(table, default=-1) + 1
    places = {field: 4 + 4 * n for n, field in enumerate(sorted(table))}
    vtable_bytes = 4 + 2 * slots
    out += bytes(-(len(out) + vtable_bytes) % 4)
    offsets = [places.get(field, 0) for field in range(slots)]
    out += struct.pack(f"<{2 + slots}H", vtable_bytes, 4 + 4 * len(table), *offsets)
    at = len(out)
    out += struct.pack("<i", vtable_bytes)
    for field in sorted(table):
        value = table[field]
        if not isinstance(value, int | float):
            waiting.append((len(out), value))
            value = 0
        out += struct.pack("<f" if isinstance(value, float) else "<i", value)
    return at
