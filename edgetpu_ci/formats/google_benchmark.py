"""Google Benchmark's `--benchmark_out_format=json`: real and CPU time of one iteration, rates and counters."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci import codec, metrics
from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import Quantity
from edgetpu_ci.model import Measurement


class _Entry(Struct):
    name: str
    run_name: str = ""
    run_type: str = "iteration"
    aggregate_name: str = ""
    real_time: float | None = None
    cpu_time: float | None = None
    time_unit: Literal["ns", "us", "ms", "s"] = "ns"
    error_occurred: bool = False
    error_message: str = ""
    skipped: bool = False
    skip_message: str = ""


class _File(Struct):
    benchmarks: list[_Entry]


class _Numbers(Struct):
    """The same file once more, for the counters: whatever names their author gave them."""

    benchmarks: list[dict[str, object]]


_Repetition = tuple[_Entry, dict[str, object]]

_RATES: Final = {
    "items_per_second": Quantity("throughput_per_second"),
    "bytes_per_second": quantity.BYTES_PER_SECOND,
}
_NO_COUNTERS: Final = {
    *_Entry.__struct_fields__,
    *_RATES,
    *("family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations"),
    *("aggregate_unit", "cpu_coefficient", "real_coefficient", "rms", "big_o", "label"),
}


def read(data: bytes, source: str) -> list[Measurement]:
    """Time, CPU time, rates and counters of each benchmark; its repetitions are one."""
    entries = codec.decode_json(data, _File, source).benchmarks
    numbers = codec.decode_json(data, _Numbers, source).benchmarks
    found: dict[str, list[_Repetition]] = {}
    for entry, counters in zip(entries, numbers, strict=True):
        if entry.error_occurred or entry.skipped or entry.real_time is not None:
            found.setdefault(entry.run_name or entry.name, []).append((entry, counters))
    return [measurement for name, all_of_it in found.items() for measurement in _benchmark(name, all_of_it)]


def _benchmark(name: str, entries: Sequence[_Repetition]) -> Iterator[Measurement]:
    for entry, _ in entries:
        if entry.error_occurred or entry.skipped:
            yield failed(name, quantity.NANOSECONDS.metric, entry.error_message or entry.skip_message)
            return
    repetitions = _repetitions(entries)
    for metric, values in _series(repetitions):
        yield measured(name, metric, values)


def _repetitions(entries: Sequence[_Repetition]) -> list[_Repetition]:
    """The repetitions; of a file that has aggregates only, the median or the mean."""
    for wanted in ("", "median", "mean"):
        if found := [one for one in entries if one[0].aggregate_name == wanted]:
            return found
    return []


def _series(repetitions: Sequence[_Repetition]) -> Iterator[tuple[Quantity, list[float]]]:
    if not repetitions:
        return
    first, numbers = repetitions[0]
    time = quantity.of(first.time_unit)
    yield time, [entry.real_time or 0.0 for entry, _ in repetitions]
    if first.cpu_time is not None:
        yield Quantity("cpu_time_ms", time.factor), [entry.cpu_time or 0.0 for entry, _ in repetitions]
    for name in numbers:
        values = [given[name] for _, given in repetitions if name in given]
        if name in _RATES or name not in _NO_COUNTERS:
            metric = _RATES.get(name) or Quantity(metrics.foreign(name, None))
            if real := [number(value) for value in values if isinstance(value, int | float)]:
                yield metric, real
