"""As much of protobuf's wire format as remote write needs. Pure.

https://protobuf.dev/programming-guides/encoding/ has the format.
"""

from typing import Final

_LENGTH: Final = 2
"""The wire type of what has a length before it."""

_MORE: Final = 0x80


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits a byte, the lowest first."""
    written = bytearray()
    while number >= _MORE:
        written.append(number & (_MORE - 1) | _MORE)
        number >>= 7
    written.append(number)
    return bytes(written)


def field(number: int, data: bytes) -> bytes:
    """A field of text, bytes or a message."""
    return varint(number << 3 | _LENGTH) + varint(len(data)) + data
