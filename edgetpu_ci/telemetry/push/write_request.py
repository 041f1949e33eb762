"""Families as Prometheus's remote write 1.0 takes them. Pure.

https://prometheus.io/docs/specs/prw/remote_write_spec/ has the messages: WriteRequest, TimeSeries, Label and Sample.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from edgetpu_ci.exposition.record import Family, Labels
from edgetpu_ci.telemetry.push.protobuf import field, varint

NAME: Final = "__name__"

_SERIES, _LABEL, _SAMPLE = 1, 1, 2
_DOUBLE: Final = b"\x09"
_TIME: Final = b"\x10"
"""The keys of the fields of a sample: a double, and a varint in milliseconds."""


def encode(families: Iterable[Family], milliseconds: int) -> bytes:
    """All samples as of one moment, the labels of each in order of their names, as readers demand it."""
    known: dict[tuple[str, str], bytes] = {}
    at = _TIME + varint(milliseconds)
    return b"".join(_series(families, at, known))


def _series(families: Iterable[Family], at: bytes, known: dict[tuple[str, str], bytes]) -> Iterator[bytes]:
    for family in families:
        for sample in family.samples:
            written = [_label(label, known) for label in ordered(family.name, sample.labels)]
            written.append(field(_SAMPLE, _DOUBLE + struct.pack("<d", sample.value) + at))
            yield field(_SERIES, b"".join(written))


def ordered(name: str, labels: Labels) -> Labels:
    """The labels of a series with its name among them, sorted; one that is empty is none."""
    return tuple(sorted([(NAME, name), *(label for label in labels if label[1])]))


def _label(label: tuple[str, str], known: dict[tuple[str, str], bytes]) -> bytes:
    """A label as a field: the same few stand in thousands of series."""
    if (written := known.get(label)) is None:
        written = known[label] = field(_LABEL, field(1, label[0].encode()) + field(2, label[1].encode()))
    return written
