"""`pytest --benchmark-json=FILE`: seconds of each round; a round is the mean of its iterations."""

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.formats.measured import measured
from edgetpu_ci.formats.quantity import SECONDS
from edgetpu_ci.model import Measurement


class _Stats(Struct):
    median: float
    rounds: int = 0
    # Saved runs (`--benchmark-autosave`) have no rounds unless `--benchmark-save-data` is given.
    data: list[float] = []


class _Benchmark(Struct):
    fullname: str
    stats: _Stats


class _File(Struct):
    benchmarks: list[_Benchmark]


def read(data: bytes, source: str) -> list[Measurement]:
    """A time for each test, called by its node id."""
    return [_measured(benchmark) for benchmark in codec.decode_json(data, _File, source).benchmarks]


def _measured(benchmark: _Benchmark) -> Measurement:
    stats = benchmark.stats
    return measured(benchmark.fullname, SECONDS, stats.data or [stats.median], n=stats.rounds)
