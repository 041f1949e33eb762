"""github-action-benchmark's history, the `data.js` of its web page, as runs: parsed as data, never executed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from msgspec import Raw, Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import go, quantity, subjects
from edgetpu_ci.formats.measured import Number, measured, number
from edgetpu_ci.formats.quantity import Direction
from edgetpu_ci.model import Machine, Measurement, Run

MOST_BYTES: Final = 128 << 20
_ASSIGNMENT: Final = re.compile(rb"\s*window\.BENCHMARK_DATA\s*=\s*")

_BETTER: Final[dict[str, Direction | None]] = {
    **dict.fromkeys(("pytest", "benchmarkjs", "customBiggerIsBetter"), "higher"),
    **dict.fromkeys(("cargo", "googlecpp", "catch2", "julia", "benchmarkdotnet", "benchmarkluau"), "lower"),
    **dict.fromkeys(("cargo-criterion", "customSmallerIsBetter"), "lower"),
    # Their values may be either: the unit tells.
    **dict.fromkeys(("go", "jmh"), None),
}


class _Commit(Struct):
    id: str
    url: str = ""


class _Bench(Struct):
    name: str
    value: Number | None
    unit: str


class _Entry(Struct):
    commit: _Commit
    date: int
    tool: str
    benches: list[_Bench]


class _Data(Struct):
    entries: dict[str, list[Raw]]


class History(Struct, frozen=True, kw_only=True):
    """The runs of all suites, and why entries are none."""

    runs: tuple[Run, ...]
    passed_over: tuple[str, ...]


def read(data: bytes, source: str) -> History:
    """One run for each entry; one that cannot be read is passed over. DocumentError when it is no such file."""
    found = _ASSIGNMENT.match(data)
    if not found:
        raise DocumentError(
            f"{source} does not begin with `window.BENCHMARK_DATA =`; name the data.js of the web page."
        )
    suites = codec.decode_json(data[found.end() :].rstrip(b"; \t\r\n"), _Data, source, MOST_BYTES).entries
    runs: dict[str, Run] = {}
    passed_over = []
    for suite, entries in suites.items():
        for place, entry in enumerate(entries, start=1):
            try:
                run = _run(suite, bytes(entry), f'{source}: entry {place} of "{subjects.short(suite)}"')
                runs[run.id] = run
            except DocumentError as error:
                passed_over.append(str(error))
    return History(runs=tuple(runs.values()), passed_over=tuple(passed_over))


def _run(suite: str, data: bytes, source: str) -> Run:
    entry = codec.decode_json(data, _Entry, source)
    if entry.tool not in _BETTER:
        raise DocumentError(f'{source} is of a tool "{subjects.short(entry.tool)}", whose better direction is unknown.')
    at, identity = _time(entry.date, source), f"{suite}\0{entry.commit.id}\0{entry.date}\0{entry.tool}"
    return Run(
        id=f"{at:%Y%m%dT%H%M%SZ}-{_digest(identity)}",
        at=at,
        machine=Machine(key=_device(suite), host=subjects.short(suite)),
        measurements=tuple(subjects.distinct(_measurements(entry), source)),
        commit=subjects.short(entry.commit.id),
        url=entry.commit.url,
        notes=(f"imported from github-action-benchmark, tool {entry.tool}",),
    )


def _time(milliseconds: int, source: str) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise DocumentError(f"{source} has no date: {milliseconds} milliseconds.") from error


def _device(suite: str) -> str:
    """The suite in the place of a machine: its file does not say where it ran."""
    slug = re.sub(r"[^a-z0-9]+", "-", suite.lower()).strip("-")[:40] or "suite"
    return f"github-action-benchmark-{slug}-{_digest(suite)}"


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:8]


def _measurements(entry: _Entry) -> list[Measurement]:
    better = _BETTER[entry.tool]
    return [
        measured(_name(bench.name, unit), quantity.of(unit, better), [value])
        for bench in entry.benches
        for value, unit in _values(bench, entry.tool)
    ]


def _values(bench: _Bench, tool: str) -> Sequence[tuple[float, str]]:
    """Old versions kept the rest of Go's line as the unit: `ns/op	 6 B/op	 0 allocs/op`."""
    if tool == "go":
        return list(go.pairs([str(number(bench.value)), *bench.unit.split()]))
    return [(number(bench.value), bench.unit)]


def _name(name: str, unit: str) -> str:
    """New versions name each unit of a Go benchmark: `BenchmarkSum - B/op`."""
    return name.removesuffix(f" - {unit}")
