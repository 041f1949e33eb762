"""JMH's `-rf json`: throughput, average, sampled or single-shot time, and what the gc profiler saw allocated."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import Number, measured, number
from edgetpu_ci.model import Measurement

_ALLOCATED: Final = ("gc.alloc.rate.norm", "·gc.alloc.rate.norm")
_NAMED_MODES: Final = {"sample": " (sampled)", "ss": " (single shot)"}
"""Modes whose time is another one than the average time of the same method."""


class _Metric(Struct, rename="camel"):
    score: Number
    score_unit: str
    raw_data: list[list[Number]] = []


class _Benchmark(Struct, rename="camel"):
    benchmark: str
    mode: str
    primary_metric: _Metric
    secondary_metrics: dict[str, _Metric] = {}
    params: dict[str, str] = {}


def read(data: bytes, source: str) -> list[Measurement]:
    """The score of each benchmark with its parameters; the unit tells whether it is time or throughput."""
    benchmarks = codec.decode_json(data, list[_Benchmark], source)
    return [measurement for benchmark in benchmarks for measurement in _measurements(benchmark)]


def _measurements(benchmark: _Benchmark) -> Iterator[Measurement]:
    parameters = ", ".join(f"{name}={value}" for name, value in benchmark.params.items())
    name = benchmark.benchmark + (f" ({parameters})" if parameters else "") + _NAMED_MODES.get(benchmark.mode, "")
    yield _measured(name, benchmark.primary_metric)
    for profiled in _ALLOCATED:
        if metric := benchmark.secondary_metrics.get(profiled):
            yield _measured(name, metric)


def _measured(name: str, metric: _Metric) -> Measurement:
    forks = [[number(value) for value in fork] for fork in metric.raw_data if fork]
    values = [median(fork) for fork in forks] if len(forks) > 1 else [value for fork in forks for value in fork]
    return measured(
        name,
        quantity.of(metric.score_unit),
        values or [number(metric.score)],
        apart=len(forks) > 1,
        n=sum(map(len, forks)),
    )
