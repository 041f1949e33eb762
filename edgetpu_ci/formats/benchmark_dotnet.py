"""BenchmarkDotNet's JSON exporters: nanoseconds of one operation, and bytes it allocated."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.formats.measured import Number, failed, measured, number
from edgetpu_ci.formats.quantity import NANOSECONDS, Quantity
from edgetpu_ci.model import Measurement

_ALLOCATED: Final = Quantity("allocated_bytes")


class _Statistics(Struct, rename="pascal"):
    median: Number
    n: int = 0
    original_values: list[Number] = []


class _Iteration(Struct, rename="pascal"):
    iteration_stage: str = ""
    launch_index: int = 0
    operations: float = 0
    nanoseconds: float = 0


class _Memory(Struct, rename="pascal"):
    bytes_allocated_per_operation: float | None = None


class _Benchmark(Struct, rename="pascal"):
    full_name: str
    statistics: _Statistics | None = None
    memory: _Memory | None = None
    measurements: list[_Iteration] = []


class _File(Struct, rename="pascal"):
    benchmarks: list[_Benchmark]


def read(data: bytes, source: str) -> list[Measurement]:
    """Time and allocated bytes of each benchmark by its full name."""
    benchmarks = codec.decode_json(data, _File, source).benchmarks
    return [measurement for benchmark in benchmarks for measurement in _measurements(benchmark)]


def _measurements(benchmark: _Benchmark) -> Iterator[Measurement]:
    name, statistics = benchmark.full_name, benchmark.statistics
    if statistics is None:
        yield failed(name, NANOSECONDS.metric, "BenchmarkDotNet has no statistics of it; its log says why")
        return
    launches = _launches(benchmark.measurements)
    values = launches or [number(value) for value in statistics.original_values]
    yield measured(name, NANOSECONDS, values or [number(statistics.median)], apart=bool(launches), n=statistics.n)
    if benchmark.memory and benchmark.memory.bytes_allocated_per_operation is not None:
        yield measured(name, _ALLOCATED, [benchmark.memory.bytes_allocated_per_operation])


def _launches(iterations: list[_Iteration]) -> list[float]:
    """The median of each launch, a process of its own; none when there was one."""
    launches: dict[int, list[float]] = {}
    for one in iterations:
        if one.iteration_stage == "Result" and one.operations > 0:
            launches.setdefault(one.launch_index, []).append(one.nanoseconds / one.operations)
    return [median(values) for values in launches.values()] if len(launches) > 1 else []
