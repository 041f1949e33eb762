"""Bencher Metric Format: benchmark → measure → value, with bounds that nobody says the confidence of."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec, metrics
from edgetpu_ci.formats.measured import measured
from edgetpu_ci.formats.quantity import NANOSECONDS, Quantity
from edgetpu_ci.model import Measurement

_MEASURES: Final = {
    "latency": NANOSECONDS,
    "throughput": Quantity("throughput_per_second"),
    "build-time": Quantity("build_time_seconds"),
    "file-size": Quantity(metrics.foreign("bytes", "lower")),
    **{
        name: Quantity(metrics.foreign(name, "lower"))
        for name in ("instructions", "l1-accesses", "l2-accesses", "ram-accesses", "estimated-cycles")
    },
}
"""The measures that Bencher itself gives a unit; a project's own have none in the file."""


class _Metric(Struct):
    value: float
    lower_value: float | None = None
    upper_value: float | None = None


def read(data: bytes, source: str) -> list[Measurement]:
    """Each measure of each benchmark; a project's own measures are shown, never compared."""
    benchmarks = codec.decode_json(data, dict[str, dict[str, _Metric]], source)
    return [
        _measured(name, measure, metric)
        for name, measures in benchmarks.items()
        for measure, metric in measures.items()
    ]


def _measured(name: str, measure: str, metric: _Metric) -> Measurement:
    unit = _MEASURES.get(measure.lower()) or Quantity(metrics.foreign(measure, None))
    return replace(measured(name, unit, [metric.value]), details=_bounds(metric))


def _bounds(metric: _Metric) -> tuple[tuple[str, str], ...]:
    bounds = (("lower value", metric.lower_value), ("upper value", metric.upper_value))
    return tuple((name, f"{bound:g}") for name, bound in bounds if bound is not None)
