"""Criterion's files in target/criterion, and the messages of `cargo criterion --message-format=json`."""

from collections.abc import Sequence
from pathlib import PurePath

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import measured
from edgetpu_ci.formats.quantity import NANOSECONDS
from edgetpu_ci.model import Measurement

_CONFIDENCE = 0.95


class _Sample(Struct):
    iters: list[float]
    times: list[float]


class _Interval(Struct):
    confidence_level: float
    lower_bound: float
    upper_bound: float


class _Estimate(Struct):
    confidence_interval: _Interval
    point_estimate: float


class _Estimates(Struct):
    median: _Estimate


class _Message(Struct):
    reason: str
    id: str = ""
    iteration_count: list[float] = []
    measured_values: list[float] = []
    unit: str = ""


def read_sample(data: bytes, source: str) -> list[Measurement]:
    """`…/new/sample.json`: nanoseconds and iterations of each sample; the folders are the benchmark's name."""
    sample = codec.decode_json(data, _Sample, source)
    return [measured(_name(source), NANOSECONDS, _each(sample.times, sample.iters, source))]


def read_estimates(data: bytes, source: str) -> list[Measurement]:
    """`…/new/estimates.json`: the median and its interval; the folders are the benchmark's name."""
    median = codec.decode_json(data, _Estimates, source).median
    given = median.confidence_interval
    own = (given.lower_bound, given.upper_bound) if given.confidence_level == _CONFIDENCE else None
    return [measured(_name(source), NANOSECONDS, [median.point_estimate], interval=own)]


def read_messages(data: bytes, source: str) -> list[Measurement]:
    """One message a line; those of complete benchmarks are read."""
    lines = [line for line in data.splitlines() if line.strip()]
    messages = [
        codec.decode_json(line, _Message, f"{source}, line {number}") for number, line in enumerate(lines, start=1)
    ]
    return [_complete(message, source) for message in messages if message.reason == "benchmark-complete"]


def _complete(message: _Message, source: str) -> Measurement:
    values = _each(message.measured_values, message.iteration_count, source)
    return measured(message.id, quantity.of(message.unit), values)


def _each(times: Sequence[float], iterations: Sequence[float], source: str) -> list[float]:
    if len(times) != len(iterations) or not all(count > 0 for count in iterations):
        raise DocumentError(f"{source} has other numbers of times than of iterations.")
    return [time / count for time, count in zip(times, iterations, strict=True)]


def _name(source: str) -> str:
    """`sum/100` for `target/criterion/sum/100/new/sample.json`; `base` stays in the name: it is an earlier run."""
    folders = PurePath(source).parent.parts
    first = folders.index("criterion") + 1 if "criterion" in folders else 0
    named = folders[first:-1] if folders and folders[-1] == "new" else folders[first:]
    return "/".join(named) or PurePath(source).stem
