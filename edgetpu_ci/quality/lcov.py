"""lcov's tracefiles: lines and branches of each source file."""

import io
from collections import Counter, defaultdict
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
    trace.end()
    names = dict.fromkeys([*trace.hits, *trace.sums])
    return Coverage(sources={name: _counts(trace, name, source) for name in names})


class _Trace:
    """Goes through the lines; records of the same file, one for each test, are of one file."""

    def __init__(self, source: str) -> None:
        self.file: str | None = None
        self.hits: defaultdict[str, LineHits] = defaultdict(LineHits)
        self.sums: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._source = source
        self._taken: defaultdict[str, dict[tuple[int, str], bool]] = defaultdict(dict)

    def line(self, line: str) -> None:
        key, _, rest = line.partition(":")
        if key == "SF":
            self.file = rest
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

    def end(self) -> None:
        """Add up the branches of each line, whichever record told them; DocumentError where the last has no end."""
        if self.file is not None:
            raise DocumentError(f'{self._source} is cut off: its last record has no "{_END}".')
        for file, branches in self._taken.items():
            covered: Counter[int] = Counter()
            total = Counter(number for number, _ in branches)
            covered.update(number for (number, _), taken in branches.items() if taken)
            for number, count in total.items():
                self.hits[file].branch(number, covered[number], count)

    def _branch(self, file: str, rest: str) -> None:
        number, _, branch = rest.partition(",")
        name, _, taken = branch.rpartition(",")
        key = self._count(number, "BRDA"), name
        self._taken[file][key] = self._taken[file].get(key, False) or taken not in ("", "-", "0")

    def _count(self, text: str, key: str) -> int:
        return foreign.count(text, self._source, key)


def _counts(trace: _Trace, name: str, source: str) -> Counts:
    if name in trace.hits and trace.hits[name].lines:
        return trace.hits[name].counts()
    sums = trace.sums[name]
    lines, branches = sums.get("LF", 0), sums.get("BRF", 0)
    return Counts(
        lines=lines,
        lines_covered=foreign.part(sums.get("LH", 0), lines, source, "lines"),
        branches=branches,
        branches_covered=foreign.part(sums.get("BRH", 0), branches, source, "branches"),
    )
