"""What `go test -bench` prints: nanoseconds, bytes, allocations and the author's own units of one operation."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import NANOSECONDS, Direction
from edgetpu_ci.model import Measurement

_RESULT: Final = re.compile(r"(Benchmark\S*)\s+\d+((?:\s+\S+\s+\S+)+)\s*")
_PROCESSORS: Final = re.compile(r"(.+?)(-\d+)?")
_UNIT: Final = re.compile(r"Unit\s+(\S+)\s.*\bbetter=(lower|higher)\b")


class _Name(NamedTuple):
    package: str
    benchmark: str


class _Output(Struct):
    """What has been read: values by benchmark and unit, what failed and why, and units that have a direction."""

    values: dict[_Name, dict[str, list[float]]] = field(default_factory=dict)
    failures: dict[_Name, str] = field(default_factory=dict)
    better: dict[str, Direction] = field(default_factory=dict)


def read(data: bytes, source: str) -> list[Measurement]:  # noqa: ARG001 - any text is Go's output
    """Each benchmark as `package.Benchmark…`; its lines (`-count`) are its repetitions."""
    output = _parse(data.decode(errors="replace"))
    names = _Names([*output.values, *output.failures])
    found = [
        measured(names.of(name), quantity.of(unit, output.better.get(unit)), values)
        for name, units in output.values.items()
        for unit, values in units.items()
        if name not in output.failures
    ]
    return found + [failed(names.of(name), NANOSECONDS.metric, why) for name, why in output.failures.items()]


def _parse(text: str) -> _Output:
    output, package, broken = _Output(), "", _Name("", "")
    for line in text.splitlines():
        if line.startswith("pkg:"):
            package = line.removeprefix("pkg:").strip()
        elif line.startswith("--- FAIL: "):
            broken = _Name(package, line.removeprefix("--- FAIL: ").strip())
            output.failures[broken] = ""
        elif line.startswith("    ") and broken in output.failures and not output.failures[broken]:
            output.failures[broken] = line.strip()
        elif line.startswith("FAIL\t"):
            _package_failed(line, output)
        elif found := _UNIT.match(line):
            output.better[found[1]] = "lower" if found[2] == "lower" else "higher"
        elif found := _RESULT.fullmatch(line):
            _result(_Name(package, found[1]), found[2].split(), output)
    return output


def _package_failed(line: str, output: _Output) -> None:
    """A package that broke off names no benchmark where it did not build, or panicked."""
    _, package, *why = line.split(maxsplit=2)
    if not any(name.package == package for name in output.failures):
        said = why[0].strip("[]") if why and why[0].startswith("[") else "it broke off"
        output.failures[_Name(package, "")] = f"go test failed: {said}"


def pairs(words: Sequence[str]) -> Iterator[tuple[float, str]]:
    """The values and units of a line: `41.69 ns/op 6 B/op`, in words."""
    return ((number(value), unit) for value, unit in zip(words[::2], words[1::2], strict=False))


def _result(name: _Name, words: list[str], output: _Output) -> None:
    units = output.values.setdefault(name, {})
    for value, unit in pairs(words):
        units.setdefault(unit, []).append(value)


class _Names:
    """Short names that stay apart: the package's last folder, and processors only where they differ."""

    def __init__(self, names: list[_Name]) -> None:
        self._packages = {name.package for name in names}
        self._known = {(name.package, stem): set[str]() for name in names for stem in [_stem(name)]}
        for name in names:
            self._known[name.package, _stem(name)].add(name.benchmark)

    def of(self, name: _Name) -> str:
        last = name.package.rpartition("/")[2]
        alike = [package for package in self._packages if package.rpartition("/")[2] == last]
        package = last if len(alike) == 1 else name.package
        alone = len(self._known[name.package, _stem(name)]) == 1
        return ".".join(filter(None, [package, _stem(name) if alone else name.benchmark]))


def _stem(name: _Name) -> str:
    found = _PROCESSORS.fullmatch(name.benchmark)
    return found[1] if found else ""
