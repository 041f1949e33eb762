"""lcov's tracefiles: lines and branches of each source file."""

import io
from collections import defaultdict
from typing import Final

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.line_hits import LineHits
from edgetpu_ci.quality.records import Counts, Coverage

_END: Final = "end_of_record"


def read(data: bytes, source: str) -> Coverage:
    """The counts of each file from its lines (DA, BRDA); from its sums (LF, LH, BRF, BRH) where no lines are told."""
    trace = _Trace(source)
    for line in io.BytesIO(data):
        trace.line(line.decode(errors="replace").strip())
    if trace.file is not None:
        raise DocumentError(f'{source} is cut off: its last record has no "{_END}".')
    names = dict.fromkeys([*trace.hits, *trace.sums])
    return Coverage(sources={name: _counts(trace, name) for name in names})


class _Trace:
    """Goes through the lines; records of the same file, one for each test, are of one file."""

    def __init__(self, source: str) -> None:
        self.file: str | None = None
        self.hits: defaultdict[str, LineHits] = defaultdict(LineHits)
        self.sums: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._source = source
        self._taken: dict[int, dict[str, bool]] = {}

    def line(self, line: str) -> None:
        key, _, rest = line.partition(":")
        if key == "SF":
            self.file = rest
            self._taken = {}
        elif self.file is None:
            return
        elif key == "DA":
            number, hits, *_ = *rest.split(","), "", ""
            self.hits[self.file].line(self._count(number, key), self._count(hits, key) > 0)
        elif key == "BRDA":
            self._branch(self.file, rest)
        elif key in ("LF", "LH", "BRF", "BRH"):
            known = self.sums[self.file]
            known[key] = max(known.get(key, 0), self._count(rest, key))
        elif line == _END:
            self.file = None

    def _branch(self, file: str, rest: str) -> None:
        number, *branch, taken = (*rest.split(","), "") if "," not in rest else rest.split(",")
        place = self._count(number, "BRDA")
        of_line = self._taken.setdefault(place, {})
        of_line[",".join(branch)] = taken not in ("-", "0")
        self.hits[file].branch(place, sum(of_line.values()), len(of_line))

    def _count(self, text: str, key: str) -> int:
        return foreign.count(text, self._source, key)


def _counts(trace: _Trace, name: str) -> Counts:
    if name in trace.hits and trace.hits[name].lines:
        return trace.hits[name].counts()
    sums = trace.sums[name]
    lines, branches = sums.get("LF", 0), sums.get("BRF", 0)
    return Counts(
        lines=lines,
        lines_covered=min(sums.get("LH", 0), lines),
        branches=branches,
        branches_covered=min(sums.get("BRH", 0), branches),
    )
