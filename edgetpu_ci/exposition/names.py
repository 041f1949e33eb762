"""What a metric of the catalogue is called in Prometheus: in base units, the unit at the end of the name. Pure.

https://prometheus.io/docs/practices/naming/ has the convention: seconds, bytes, joules, ratios from 0 to 1.
"""

import re
from typing import Final, NamedTuple

from edgetpu_ci import metrics
from edgetpu_ci.model import Metric

PREFIX: Final = "edgetpu_ci_"

_NAMELESS: Final = re.compile(r"[^a-zA-Z0-9_]+")


class Name(NamedTuple):
    """A name, its unit where it has one, and how a value comes there: `value * times / by`, in that order.

    One of both is 1, so that a value and the threshold it is held against stay as they were to each other.
    """

    name: str
    unit: str
    times: float
    by: float

    def scaled(self, value: float) -> float:
        """A value of the catalogue's unit in that of the name."""
        return value * self.times / self.by


class _Unit(NamedTuple):
    """A unit of the catalogue: how names end there, and how they end here."""

    ending: str
    called: str
    times: float = 1
    by: float = 1


_UNITS: Final[dict[str, _Unit]] = {
    "ms": _Unit("_ms", "seconds", by=1e3),
    "s": _Unit("_seconds", "seconds"),
    "min": _Unit("_minutes", "seconds", times=60),
    "h": _Unit("_hours", "seconds", times=3600),
    "d": _Unit("_days", "seconds", times=86_400),
    "days": _Unit("_days", "seconds", times=86_400),
    "%": _Unit("_percent", "ratio", by=100),
    "B": _Unit("_bytes", "bytes"),
    "MB": _Unit("_mb", "bytes", times=1e6),
    "GB": _Unit("_gb", "bytes", times=1e9),
    "MB/s": _Unit("_mb_per_second", "bytes_per_second", times=1e6),
    "MB/h": _Unit("_mb_per_hour", "bytes_per_hour", times=1e6),
    "mJ": _Unit("_mj", "joules", by=1e3),
    "W": _Unit("_watts", "watts"),
    "°C": _Unit("_celsius", "celsius"),
    "MHz": _Unit("_mhz", "hertz", times=1e6),
    "USD": _Unit("_usd", "usd"),
}


def of(metric: Metric) -> Name:
    """The name of a metric; without a unit that Prometheus has a word for, its own."""
    unit = _UNITS.get(metric.unit)
    if unit is None:
        return Name(PREFIX + _tame(metric.name), "", 1, 1)
    stem = _tame(metric.name.removesuffix(unit.ending))
    if unit.called == "seconds":
        # minutes_used is called by a unit that it is not in here.
        stem = "_".join("time" if f"_{word}" == unit.ending else word for word in stem.split("_"))
    ending = f"_{unit.called}"
    return Name(PREFIX + (stem if stem.endswith(ending) else stem + ending), unit.called, unit.times, unit.by)


def find(name: str) -> Name:
    """The same by the name or alias of a metric."""
    return of(metrics.find(name))


def _tame(name: str) -> str:
    return _NAMELESS.sub("_", name).strip("_").lower()
