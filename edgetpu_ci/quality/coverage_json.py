"""coverage.py's `coverage json`: statements and branches of each file."""

from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.foreign import Count
from edgetpu_ci.quality.records import Counts, Coverage

_NEWEST: Final = 3


class _Summary(Struct):
    covered_lines: Count
    num_statements: Count
    num_branches: Count = 0
    covered_branches: Count = 0


class _File(Struct):
    summary: _Summary


class _Meta(Struct, frozen=True):
    format: int = 0


class _Report(Struct):
    totals: _Summary
    files: dict[str, _File] = {}
    meta: _Meta = _Meta()


def read(data: bytes, source: str) -> Coverage:
    """The counts of each file; of all together where the report has none apart."""
    report = foreign.json(data, _Report, source)
    if report.meta.format > _NEWEST:
        raise DocumentError(
            f"{source} is of format {report.meta.format} of coverage.py; up to {_NEWEST} is known here."
        )
    apart = {name: _counts(file.summary, source) for name, file in report.files.items()}
    return Coverage(sources=apart or {"": _counts(report.totals, source)})


def _counts(summary: _Summary, source: str) -> Counts:
    return Counts(
        lines=summary.num_statements,
        lines_covered=foreign.part(summary.covered_lines, summary.num_statements, source, "lines"),
        branches=summary.num_branches,
        branches_covered=foreign.part(summary.covered_branches, summary.num_branches, source, "branches"),
    )
