"""What a foreign unit means: which of our metrics it is, and the factor to that metric's unit."""

from typing import Final, Literal, NamedTuple

from edgetpu_ci import metrics

Direction = Literal["lower", "higher"]


class Quantity(NamedTuple):
    """A metric, and what a value in the file is multiplied by to be in its unit."""

    metric: str
    factor: float = 1.0


_MS: Final = {
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-6),
    # The micro sign and the Greek letter look the same.
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "usec", "microsecond", "microseconds"), 1e-3),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1e3),
    **dict.fromkeys(("min", "minute", "minutes"), 6e4),
}
_MB: Final = {
    **dict.fromkeys(("b", "byte", "bytes"), 1e-6),
    "kb": 1e-3,
    "mb": 1.0,
    "gb": 1e3,
    "kib": 1.024e-3,
    "mib": 1.048576,
    "gib": 1073.741824,
}
_ONE_RUN: Final = {"", "op", "iter", "iteration", "run", "call"}
_COUNTED: Final = {
    *("op", "ops", "operation", "operations", "iter", "iters", "iteration", "iterations", "run", "runs", "call"),
    *("calls", "item", "items", "elem", "elements", "req", "reqs", "request", "requests", "frame", "frames"),
    *("inference", "inferences", "query", "queries", "1"),
}
_RATES: Final = {"fps", "qps", "rps", "hz"}
_ALLOCATED: Final = {"b/op": Quantity("allocated_bytes"), "allocs/op": Quantity("allocations")}

NANOSECONDS: Final = Quantity("time_ms", _MS["ns"])
SECONDS: Final = Quantity("time_ms", _MS["s"])
BYTES_PER_SECOND: Final = Quantity("bandwidth_mb_per_second", _MB["b"])


def of(unit: str, better: Direction | None = None) -> Quantity:
    """The metric of values in `unit`: one of ours where unit and direction fit, else one that carries both.

    Without `better` the unit decides: less time is better, and more in a second.
    """
    of_what, _, each = unit.strip().lower().partition("/")
    if better != "higher":
        if of_what in _MS and each in _ONE_RUN:
            return Quantity("time_ms", _MS[of_what])
        if allocated := _ALLOCATED.get(unit.strip().lower()):
            return allocated
    if better != "lower" and (rate := _rate(of_what, each)):
        return rate
    return Quantity(metrics.foreign(unit, better or _told_by(unit)))


def _rate(of_what: str, each: str) -> Quantity | None:
    if of_what in _RATES and not each:
        return Quantity("throughput_per_second")
    if each not in _MS:
        return None
    if of_what in _MB:
        return Quantity("bandwidth_mb_per_second", _MB[of_what] * _MS["s"] / _MS[each])
    return Quantity("throughput_per_second", _MS["s"] / _MS[each]) if of_what in _COUNTED else None


def _told_by(unit: str) -> Direction | None:
    """Which direction of a unit nobody lists is better: `p99-ns/op` is a time, `widgets/s` a rate."""
    of_what, _, each = unit.strip().lower().rpartition("/")
    if each in _MS and of_what:
        return "higher"
    return "lower" if (of_what or each).rpartition("-")[2] in _MS else None
