"""VictoriaMetrics' own format, by which it imports and exports: a series a line, as JSON."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from edgetpu_ci.exposition.record import Labels
from edgetpu_ci.telemetry.push import sending
from edgetpu_ci.telemetry.push.place import Kind
from edgetpu_ci.telemetry.push.sending import Parcel
from edgetpu_ci.telemetry.push.write_request import ordered

KIND: Final = Kind("VictoriaMetrics", "EDGETPU_CI_VICTORIA_METRICS", "http://victoria-metrics:8428")


class Line(Struct, frozen=True, kw_only=True):
    """A series by its labels, `__name__` among them; the times of its values in milliseconds since 1970."""

    metric: dict[str, str]
    values: list[float | None]
    timestamps: list[int]


def line(name: str, labels: Labels, times: list[int], values: list[float]) -> bytes:
    """A series as it is imported."""
    return msgspec.json.encode(Line(metric=dict(ordered(name, labels)), values=list(values), timestamps=times))


def parcel(lines: Iterable[bytes]) -> Parcel:
    """Series to be imported."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Parcel(path="/api/v1/import", data=sending.packed(b"\n".join(lines)), headers=headers)
