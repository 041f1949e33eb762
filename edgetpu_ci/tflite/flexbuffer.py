"""Reading one entry of a FlexBuffer from someone else's hands: every offset and every count is checked."""

from typing import Final

from edgetpu_ci.tflite.flatbuffer import DamagedError, FlatBuffer

_FORMS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
_STRING, _MAP, _BLOB = 5, 9, 25


def entry(buffer: FlatBuffer, key: bytes) -> tuple[int, int]:
    """Position and length of the string or the bytes under a key of the map at the root; DamagedError without it."""
    end = len(buffer.data)
    if not end:
        raise DamagedError("it has no options")
    packed, width = buffer.unpack("BB", end - 2)
    if packed >> 2 != _MAP:
        raise DamagedError("its options are no map")
    at = _follow(buffer, end - 2 - width, width)
    width = 1 << (packed & 3)
    count = _number(buffer, at - width, width)
    buffer.spend(count)
    keys = _follow(buffer, at - 3 * width, width)
    keys_width = _number(buffer, at - 2 * width, width)
    for n in range(count):
        name = _follow(buffer, keys + n * keys_width, keys_width)
        if buffer.unpack(f"{len(key) + 1}s", name)[0] == key + b"\0":
            return _bytes(buffer, _follow(buffer, at + n * width, width), buffer.unpack("B", at + count * width + n)[0])
    raise DamagedError(f"its options have no entry {key.decode()!r}")


def _bytes(buffer: FlatBuffer, at: int, packed: int) -> tuple[int, int]:
    if packed >> 2 not in {_STRING, _BLOB}:
        raise DamagedError("its executable is no string")
    width = 1 << (packed & 3)
    length = _number(buffer, at - width, width)
    if length > len(buffer.data) - at:
        raise DamagedError(f"its executable has {length:,} bytes, and there are {len(buffer.data) - at:,}")
    return at, length


def _follow(buffer: FlatBuffer, at: int, width: int) -> int:
    """Where the offset at a position points to: in a FlexBuffer, always back."""
    return at - _number(buffer, at, width)


def _number(buffer: FlatBuffer, at: int, width: int) -> int:
    if width not in _FORMS:
        raise DamagedError(f"its options have numbers of {width} bytes")
    return int(buffer.unpack(_FORMS[width], at)[0])
