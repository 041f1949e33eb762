"""`hyperfine --export-json FILE`: seconds of each run, every one a process of its own."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.formats.measured import failed, measured
from edgetpu_ci.formats.quantity import SECONDS, Quantity
from edgetpu_ci.model import Measurement

_CPU_TIME: Final = Quantity("cpu_time_ms", SECONDS.factor)
_MEMORY: Final = Quantity("memory_peak_mb", 1e-6)


class _Result(Struct):
    command: str
    mean: float
    user: float | None = None
    system: float | None = None
    times: list[float] = []
    exit_codes: list[int | None] = []
    memory_usage_byte: list[float] = []
    parameters: dict[str, str | int | float] = {}


class _File(Struct):
    results: list[_Result]


def read(data: bytes, source: str) -> list[Measurement]:
    """Time, CPU time and memory of each command."""
    results = codec.decode_json(data, _File, source).results
    named = Counter(result.command for result in results)
    return [
        measurement
        for result in results
        for measurement in _measurements(_name(result, alone=named[result.command] == 1), result)
    ]


def _measurements(name: str, result: _Result) -> Iterator[Measurement]:
    if None in result.exit_codes:
        yield failed(name, SECONDS.metric, "a run of the command was killed")
        return
    yield replace(measured(name, SECONDS, result.times or [result.mean], apart=True), details=_exits(result))
    if result.user is not None and result.system is not None:
        yield measured(name, _CPU_TIME, [result.user + result.system], n=len(result.times))
    if result.memory_usage_byte:
        yield measured(name, _MEMORY, result.memory_usage_byte, apart=True)


def _name(result: _Result, *, alone: bool) -> str:
    """The command, or the name given to it, which commands of different parameters may share."""
    parameters = "" if alone else ", ".join(f"{name}={value}" for name, value in result.parameters.items())
    return f"{result.command} ({parameters})" if parameters else result.command


def _exits(result: _Result) -> tuple[tuple[str, str], ...]:
    """A user who lets commands fail (`--ignore-failure`) is told how many did."""
    bad = sum(code != 0 for code in result.exit_codes)
    return (("exit status not 0", f"in {bad} of {len(result.exit_codes)} runs"),) if bad else ()
