"""What `go test -bench` prints: nanoseconds, bytes, allocations and the author's own units of one operation."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

from msgspec import Struct, field

from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import NANOSECONDS, Direction, Quantity
from edgetpu_ci.model import Measurement

_RESULT: Final = re.compile(r"(Benchmark\S*)\s+\d+((?:\s+\S+\s+\S+)+)\s*")
_PROCESSORS: Final = re.compile(r"(.+?)(-\d+)?")
_UNIT: Final = re.compile(r"Unit\s+(\S+)\s.*\bbetter=(lower|higher)\b")
_BROKE_OFF: Final = re.compile(r"FAIL\t(\S+)\s*(?:\[(.*)\])?.*")


class _Name(NamedTuple):
    package: str
    benchmark: str


class _Output(Struct):
    """What has been read so far.

    `values` are by benchmark, unit and process; `starts` counts the processes of each package, as output may be
    appended to a file; `blamed` are packages of which a benchmark failed; `better` has the units whose direction the
    output tells.
    """

    values: dict[_Name, dict[str, dict[int, list[float]]]] = field(default_factory=dict)
    failures: dict[_Name, str] = field(default_factory=dict)
    better: dict[str, Direction] = field(default_factory=dict)
    starts: Counter[str] = field(default_factory=Counter)
    blamed: set[str] = field(default_factory=set)
    package: str = ""
    broken: _Name = _Name("", "")


def read(data: bytes, source: str) -> list[Measurement]:  # noqa: ARG001 - any text is Go's output
    """Each benchmark as `package.Benchmark…`; its lines (`-count`) are repetitions in one process."""
    output = _Output()
    for line in data.decode(errors="replace").splitlines():
        _take(line, output)
    names = _Names([*output.values, *output.failures])
    found = [
        _measured(names.of(name), quantity.of(unit, output.better.get(unit)), list(processes.values()))
        for name, units in output.values.items()
        for unit, processes in units.items()
        if name not in output.failures
    ]
    return found + [failed(names.of(name), NANOSECONDS.metric, why) for name, why in output.failures.items()]


def pairs(words: Sequence[str]) -> Iterator[tuple[float, str]]:
    """The values and units of a line: `41.69 ns/op 6 B/op`, in words."""
    return ((number(value), unit) for value, unit in zip(words[::2], words[1::2], strict=False))


def _measured(subject: str, unit: Quantity, processes: Sequence[Sequence[float]]) -> Measurement:
    apart = len(processes) > 1
    values = [median(values) for values in processes] if apart else processes[0]
    return measured(subject, unit, values, apart=apart, n=sum(map(len, processes)))


def _take(line: str, output: _Output) -> None:
    if line.startswith("pkg:"):
        output.package = line.removeprefix("pkg:").strip()
        output.starts[output.package] += 1
    elif found := _RESULT.fullmatch(line):
        _result(_Name(output.package, found[1]), found[2].split(), output)
    elif found := _UNIT.match(line):
        output.better[found[1]] = "lower" if found[2] == "lower" else "higher"
    else:
        _failure(line, output)


def _result(name: _Name, words: list[str], output: _Output) -> None:
    units = output.values.setdefault(name, {})
    for value, unit in pairs(words):
        units.setdefault(unit, {}).setdefault(output.starts[name.package], []).append(value)


def _failure(line: str, output: _Output) -> None:
    """A failed benchmark's first line is the reason; a package that broke off may have named no benchmark."""
    if line.startswith("--- FAIL: "):
        output.broken = _Name(output.package, line.removeprefix("--- FAIL: ").strip())
        output.failures[output.broken] = ""
        output.blamed.add(output.package)
    elif line.startswith("    ") and output.failures.get(output.broken) == "":
        output.failures[output.broken] = line.strip()
    elif (found := _BROKE_OFF.fullmatch(line)) and found[1] not in output.blamed:
        output.failures[_Name(found[1], "")] = f"go test failed: {found[2] or 'it broke off'}"


class _Names:
    """Short names that stay apart: the package's last folder, and processors only where they differ."""

    def __init__(self, names: Sequence[_Name]) -> None:
        self._folders = Counter(_folder(package) for package in {name.package for name in names})
        self._stems = Counter((name.package, _stem(name)) for name in set(names))

    def of(self, name: _Name) -> str:
        package = _folder(name.package) if self._folders[_folder(name.package)] == 1 else name.package
        alone = self._stems[name.package, _stem(name)] == 1
        return ".".join(filter(None, [package, _stem(name) if alone else name.benchmark]))


def _folder(package: str) -> str:
    return package.rpartition("/")[2]


def _stem(name: _Name) -> str:
    found = _PROCESSORS.fullmatch(name.benchmark)
    return found[1] if found else ""
