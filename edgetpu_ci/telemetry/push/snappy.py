"""Snappy as remote write demands it, without making anything smaller: one literal. Pure.

https://github.com/google/snappy/blob/main/format_description.txt has the format.
"""

from typing import Final

from edgetpu_ci.telemetry.push.protobuf import varint

_LITERAL: Final = 63 << 2
"""A literal whose length, less one, stands in the next four bytes."""


def wrapped(data: bytes) -> bytes:
    """A block that holds some bytes as they are, at least one and fewer than 4 GB."""
    return varint(len(data)) + bytes([_LITERAL]) + (len(data) - 1).to_bytes(4, "little") + data
