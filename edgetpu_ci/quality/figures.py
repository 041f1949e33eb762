"""From reports to measurements: all reports of one kind together, in whichever order they come."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct

from edgetpu_ci import quality
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality import covered, linted, scanned, tested, typed
from edgetpu_ci.quality.records import Coverage, Inventory, Lint, Outcomes, Record, Scan, Typing

T = TypeVar("T", bound=Record)

_OF_COVERAGE: Final = frozenset(name for name, form in quality.FORMATS.items() if "test_coverage" in form.metrics)


class Report(Struct, frozen=True, kw_only=True):
    """A file that was read: what it says, or the sentence why it could not be. `written` is when the file was.

    `format` is None where not even that could be told.
    """

    source: str
    format: quality.Name | None
    written: datetime
    records: tuple[Record, ...] = ()
    fault: str = ""


def of(reports: Sequence[Report], sources: linted.Size | str | None, now: datetime) -> tuple[Measurement, ...]:
    """Every figure the reports are of; one whose report could not be read is unknown, whatever others say.

    `sources` is the size of the code where no coverage report tells it, or why nobody knows. The order of reports
    changes nothing.
    """
    ordered = sorted(reports, key=lambda report: report.source)
    found = {measurement.metric: measurement for measurement in _figures(ordered, sources, now)}
    for report in ordered:
        for metric in quality.FORMATS[report.format].metrics if report.fault and report.format else ():
            found[metric] = Measurement(subject=REPOSITORY, metric=metric, reason=f"not known: {report.fault}")
    return tuple(found.values())


def _figures(reports: Sequence[Report], sources: linted.Size | str | None, now: datetime) -> Iterator[Measurement]:
    coverage = _of_kind(reports, Coverage)
    size = _size(reports, coverage) or sources
    yield from covered.figures(coverage)
    yield from tested.figures(_of_kind(reports, Outcomes))
    yield from linted.figures(_of_kind(reports, Lint), size)
    yield from typed.figures(_of_kind(reports, Typing))
    scans = [
        scanned.Scanned(report.source, record, report.written)
        for report in reports
        for record in report.records
        if isinstance(record, Scan)
    ]
    yield from scanned.score(scans, now)
    yield from scanned.components(_of_kind(reports, Inventory))


def _size(reports: Sequence[Report], coverage: Sequence[tuple[str, Coverage]]) -> linted.Size | None:
    """The size of the code by its coverage; None where a report is missing that has some of it."""
    is_broken = any(report.fault and report.format in _OF_COVERAGE for report in reports)
    lines = 0 if is_broken else covered.statements(coverage)
    return linted.Size(lines, "statements that coverage reports have") if lines else None


def _of_kind(reports: Sequence[Report], kind: type[T]) -> list[tuple[str, T]]:
    return [(report.source, record) for report in reports for record in report.records if isinstance(record, kind)]
