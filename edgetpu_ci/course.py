"""The course of a series: which changes of level still stand, and whether a new point is in range. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import baselines, metrics
from edgetpu_ci.baselines import Baseline
from edgetpu_ci.model import Change, Point, Series, Shift
from edgetpu_ci.stats import changes, evidence, segments
from edgetpu_ci.stats.levels import SPAN, Scale

LEAST = 5
"""Points a level must have before a new one can be out of its range."""

RANGE = 4.0
"""Robust standard deviations about its level that a new point may be away."""

SIZE: Final = evidence.CONFIRMED.size
"""A level no further from another, as a fraction, is the same for who uses the model."""


class Acceptance(NamedTuple):
    """The report whose level somebody accepted, and the value it had, where that was kept."""

    report: str
    value: float | None = None


def find(metric: str, points: Sequence[Point]) -> tuple[Change, ...]:
    """The changes of a series; of what is the same each time it is measured any difference is one."""
    values = [point.value for point in points]
    if not metrics.find(metric).deterministic:
        return changes.find(values)
    return tuple(
        Change(index=index, tier="confirmed", before=before, after=after)
        for index, (before, after) in enumerate(pairwise(values), 1)
        if before != after
    )


def accepted(baseline: Baseline | None, series: Series) -> Acceptance | None:
    """What somebody accepted of a model: the level of the report, also of the metrics that a baseline does not keep.

    Nothing once the time is over for which it was accepted.
    """
    if baseline is None or baseline.accepted is None or series.subject not in baseline.models:
        return None
    if series.points and baselines.ended(baseline, series.points[-1].at):
        return None
    level = baseline.models[series.subject].get(series.metric)
    return Acceptance(baseline.accepted.report, level.value if level else None)


def standing(series: Series, accepted: Acceptance | None = None) -> tuple[Shift, ...]:
    """The changes for the worse that neither the level has taken back nor anybody accepted; or one for the better.

    A level is held against the best that was confirmed since the last acceptance: a worse one never becomes what later
    ones are compared with, and a better one need not be accepted to be lost again.
    """
    found = [shift for shift in series.open if accepted is None or shift.bad.report > accepted.report]
    shifts = _shifts(series)
    for change, shift in shifts:
        if accepted and _is_accepted(change, series.points, accepted):
            found = []
        elif shift.finding == "regressed":
            found = [known for known in found if known.finding == "regressed"] + [shift]
        else:
            found = _improved(found, shift, series.metric)
    return tuple(found)


def _shifts(series: Series) -> list[tuple[Change, Shift]]:
    found = find(series.metric, series.points)
    ends = [*(change.index for change in found[1:]), len(series.points)]
    return [(change, _shift(series, change, end)) for change, end in zip(found, ends, strict=False)]


def _shift(series: Series, change: Change, end: int) -> Shift:
    return Shift(
        tier=change.tier,
        finding="regressed" if worse_by(series.metric, change.before, change.after) > 0 else "improved",
        before=change.before,
        after=change.after,
        good=series.points[change.index - 1],
        bad=series.points[change.index],
        runs=end - change.index,
    )


def worse_by(metric: str, before: float, after: float) -> float:
    """By what fraction a level is worse than another; negative when it is better. Facts are better smaller."""
    grew = (after - before) / abs(before) if before else (inf if after > 0 else -inf if after < 0 else 0.0)
    return -grew if metrics.find(metric).better == "higher" else grew


def _is_accepted(change: Change, points: Sequence[Point], accepted: Acceptance) -> bool:
    """Whether the accepted report already had the new level.

    The place of a change is sure to a few points only, so just after it the accepted value tells.
    """
    first = points[change.index].report
    if first <= accepted.report:
        return True
    near = points[max(0, change.index - changes.MARGIN)].report <= accepted.report
    if not near or accepted.value is None:
        return False
    return abs(accepted.value - change.after) < abs(accepted.value - change.before)


def _improved(found: Sequence[Shift], better: Shift, metric: str) -> list[Shift]:
    """What still stands when a level became better: nothing that it makes good; what it makes less has that level."""
    worse = [known for known in found if known.finding == "regressed"]
    stays = [known for known in worse if worse_by(metric, known.before, better.after) > SIZE]
    if stays:
        return [*stays[:-1], replace(stays[-1], after=better.after)]
    return [] if worse else [better]


def side(past: Series, value: float) -> int:
    """Where a new point lies off the level that the newest points have: -1 below, 1 above, 0 in its range."""
    points = past.points[-changes.WINDOW :]
    found = find(past.metric, points)
    level = [point.value for point in points[found[-1].index if found else 0 :]][-SPAN:]
    if len(level) < LEAST:
        return 0
    scale = Scale([*level, value])
    known, new = [scale.level(one) for one in level], scale.level(value)
    middle = median(known)
    most = max(SIZE, RANGE * segments.spread(one - middle for one in known))
    return (new > middle + most) - (new < middle - most)
