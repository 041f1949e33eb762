"""What models became in a week: the largest loss and the largest gain among what is sure."""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Final

from edgetpu_ci import course, metrics
from edgetpu_ci.digest.record import Moved
from edgetpu_ci.digest.week import Week
from edgetpu_ci.judging import phrases
from edgetpu_ci.model import Finding, Report

_SURE: Final[frozenset[Finding]] = frozenset({"regressed", "improved"})


def found(reports: Iterable[Report], week: Week) -> list[Moved]:
    """Every confirmed change of level that began in the week, and every comparison that found one; newest first."""
    return [one for report in reports for one in (*_shifts(report, week), *_compared(report))]


def worst(moves: Iterable[Moved]) -> Moved | None:
    """The largest regression; None without one."""
    return max(_felt(moves, "regressed"), key=_worse_by, default=None)


def best(moves: Iterable[Moved]) -> Moved | None:
    """The largest improvement; None without one."""
    return min(_felt(moves, "improved"), key=_worse_by, default=None)


def _felt(moves: Iterable[Moved], finding: Finding) -> list[Moved]:
    """Those that a user feels; where there are none, facts of model files that may be why one will."""
    found = [one for one in moves if one.comparison.finding == finding]
    return [one for one in found if metrics.find(one.metric).better != "exact"] or found


def _worse_by(one: Moved) -> float:
    """As a fraction; of a count that was 0 without end."""
    size = one.comparison
    if size.ratio is None:
        return course.worse_by(one.metric, size.base, size.head)
    return course.worse_by(one.metric, 1.0, size.ratio) if size.ratio else -inf


def _shifts(report: Report, week: Week) -> Iterator[Moved]:
    for history in report.history:
        for shift in history.shifts:
            if shift.tier == "confirmed" and week.start <= shift.bad.at < week.end:
                yield Moved(
                    subject=history.subject,
                    metric=history.metric,
                    comparison=phrases.levels(history.metric, shift.before, shift.after, shift.finding),
                    shift=shift,
                    device=report.run.machine.host,
                    url=shift.bad.url or report.run.url,
                )


def _compared(report: Report) -> Iterator[Moved]:
    for comparison in report.comparisons:
        if comparison.finding in _SURE:
            yield Moved(
                subject=comparison.subject,
                metric=comparison.metric,
                comparison=comparison,
                device=report.run.machine.host,
                url=report.run.url,
            )
