"""bandit's JSON: weaknesses in Python code."""

from msgspec import Struct

from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.foreign import Count
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.quality.severities import named, place
from edgetpu_ci.supply.findings import Finding


class _Issue(Struct):
    test_id: str
    issue_severity: str
    filename: str
    line_number: Count


class _Error(Struct):
    filename: str
    reason: str = ""


class _Report(Struct):
    results: list[_Issue]
    errors: list[_Error] = []
    generated_at: str | None = None


def read(data: bytes, source: str) -> Scan:
    """Each issue; a file that bandit could not parse was not scanned."""
    report = foreign.json(data, _Report, source)
    return Scan(
        tool="bandit",
        findings=tuple(_finding(issue) for issue in report.results),
        at=foreign.moment(report.generated_at),
        missed=tuple(f"{error.filename}: {error.reason}" for error in report.errors),
    )


def _finding(issue: _Issue) -> Finding:
    return Finding(
        source="bandit",
        id=issue.test_id,
        place=place(issue.filename, issue.line_number),
        severity=named(issue.issue_severity),
    )
