"""What Catch2 prints without a reporter named: the mean of each benchmark, in columns."""

import re
from itertools import takewhile
from typing import Final

from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import NANOSECONDS
from edgetpu_ci.model import Measurement

_RULE: Final = re.compile(r"-{20,}\s*")
_COLUMNS: Final = re.compile(r"(benchmark name\s+)samples\s+iterations\b.*")
_COUNTS: Final = re.compile(r"(\d+)\s+\d+\s+\S+ \S+")
_VALUES: Final = re.compile(r"(\S+) (\S+)\s+\S+ \S+\s+\S+ \S+")
_FAILED: Final = re.compile(r"Benchmark failed \((.*)\)")


def read(data: bytes, source: str) -> list[Measurement]:  # noqa: ARG001 - any text is Catch2's output
    """Each benchmark as `test case/benchmark`. How sure the printed bounds are is not printed: they are left out."""
    lines = data.decode(errors="replace").splitlines()
    found: list[Measurement] = []
    case = ""
    for place, line in enumerate(lines):
        if columns := _COLUMNS.fullmatch(line):
            found += _benchmarks(case, lines, place, len(columns[1]))
        elif _RULE.fullmatch(line) and place + 1 < len(lines) and _is_heading(lines, place):
            case = lines[place + 1].strip()
    return found


def _is_heading(lines: list[str], place: int) -> bool:
    """Whether the rule at `place` stands above a test case, its sections and another rule."""
    below = takewhile(lambda line: line.strip(), lines[place + 1 : place + 20])
    return any(_RULE.fullmatch(line) for line in below) and not _COLUMNS.fullmatch(lines[place + 1])


def _benchmarks(case: str, lines: list[str], place: int, width: int) -> list[Measurement]:
    """The blocks of lines below the three lines of column names and their rule, up to two blank lines."""
    found, block = [], list[str]()
    for at in range(place + 4, len(lines)):
        line = lines[at]
        if _COLUMNS.fullmatch(line):
            break
        if line.strip() and not line.startswith(("===", "---")):
            block.append(line)
        elif not block:
            break
        else:
            found.append(_benchmark(case, block, width))
            block = []
    return [*found, *([_benchmark(case, block, width)] if block else [])]


def _benchmark(case: str, block: list[str], width: int) -> Measurement:
    # A long name goes on below itself, beside the values.
    name = f"{case}/{' '.join(filter(None, (line[:width].strip() for line in block)))}"
    first, second, *_ = (*(line[width:].strip() for line in block), "")
    if why := _FAILED.fullmatch(first):
        return failed(name, NANOSECONDS.metric, why[1])
    counts, values = _COUNTS.fullmatch(first), _VALUES.fullmatch(second)
    if not counts or not values:
        return failed(name, NANOSECONDS.metric, "its values are cut off")
    return measured(name, quantity.of(values[2]), [number(values[1])], n=int(number(counts[1])))
