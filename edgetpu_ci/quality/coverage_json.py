"""coverage.py's `coverage json`: statements and branches of each file."""

from msgspec import Struct

from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.foreign import Count
from edgetpu_ci.quality.records import Counts, Coverage


class _Summary(Struct):
    covered_lines: Count
    num_statements: Count
    num_branches: Count = 0
    covered_branches: Count = 0


class _File(Struct):
    summary: _Summary


class _Report(Struct):
    totals: _Summary
    files: dict[str, _File] = {}


def read(data: bytes, source: str) -> Coverage:
    """The counts of each file; of all together where the report has none apart."""
    report = foreign.json(data, _Report, source)
    apart = {name: _counts(file.summary) for name, file in report.files.items()}
    return Coverage(sources=apart or {"": _counts(report.totals)})


def _counts(summary: _Summary) -> Counts:
    return Counts(
        lines=summary.num_statements,
        lines_covered=min(summary.covered_lines, summary.num_statements),
        branches=summary.num_branches,
        branches_covered=min(summary.covered_branches, summary.num_branches),
    )
