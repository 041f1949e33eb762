"""Bands that the history of a device suggests, for people to review. Pure."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Final

from edgetpu_ci import codec, course, metrics, stats
from edgetpu_ci.baselines import Baseline, Level
from edgetpu_ci.model import Point, Series, Shift

LEAST_RUNS: Final = 10
"""Runs of a level below which its spread is not known."""

SHARE: Final = 0.95
"""Of the runs of the level, so many keep the target."""

SLACK: Final = 0.10
"""The limit lies so far beyond the target: two unchanged runs on a busy host differ by less (compare.SLACK)."""

_DIGITS: Final = 3


def suggest(device: str, known: Iterable[Series], accepted: Baseline | None) -> Baseline:
    """Bands for each model and metric that is noisy and has enough runs at the level that counts."""
    models: dict[str, dict[str, Level]] = {}
    for one in known:
        metric = metrics.find(one.metric)
        values = sorted(point.value for point in _level(one, accepted))
        if metric.better in {"lower", "higher"} and not metric.deterministic and len(values) >= LEAST_RUNS:
            models.setdefault(one.subject, {})[one.metric] = _band(values, is_higher=metric.better == "higher")
    return Baseline(device=device, models=models)


def _level(series: Series, accepted: Baseline | None) -> Sequence[Point]:
    """The points of the level that nobody needs to accept: the newest, or the one before what still stands open."""
    worse = [shift for shift in course.standing(series, course.accepted(accepted, series)) if _is_open(shift)]
    end = next((n for n, point in enumerate(series.points) if worse and point == worse[0].bad), len(series.points))
    before = series.points[:end]
    starts = [change.index for change in course.find(series.metric, before)]
    return before[starts[-1] if starts else 0 :]


def _is_open(shift: Shift) -> bool:
    return shift.finding == "regressed" and shift.tier == "confirmed"


def _band(ordered: Sequence[float], *, is_higher: bool) -> Level:
    kept = stats.percentile(ordered, 1 - SHARE if is_higher else SHARE)
    if is_higher:
        return Level(min=_rounded(kept * (1 - SLACK), up=False), target=_rounded(kept, up=False))
    return Level(target=_rounded(kept, up=True), max=_rounded(kept * (1 + SLACK), up=True))


def _rounded(value: float, *, up: bool) -> float:
    """To three digits, towards what is allowed."""
    context = Context(prec=_DIGITS, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return float(context.create_decimal_from_float(value))


def text(suggested: Baseline) -> str:
    """The bands as YAML, with how they were found."""
    return (
        f"# Suggested from history, to review: the target is kept by {100 * SHARE:g} % of the runs at the level that "
        f"counts,\n# the limit lies {100 * SLACK:g} % beyond. Put what you want into the file of this device below "
        f"baselines/.\n{codec.encode_yaml(suggested)}"
    )
