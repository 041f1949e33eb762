"""The numbers a file has of one benchmark, as a measurement."""

from collections.abc import Sequence
from itertools import pairwise
from math import nan
from statistics import median

from edgetpu_ci import stats
from edgetpu_ci.formats.quantity import Quantity
from edgetpu_ci.model import Measurement

MOST_SLOTS = 20
_MOST, _MOST_SAMPLES = 1e300, 10**15
_LONGEST_REASON = 500

Number = float | str
"""Where tools write "NaN" or a number as text."""


def measured(
    subject: str,
    quantity: Quantity,
    values: Sequence[float],
    *,
    apart: bool = False,
    n: int = 0,
    interval: tuple[float, float] | None = None,
) -> Measurement:
    """Repetitions of one benchmark, in the file's unit: their median and its interval.

    They are slots where each is of a process of its own (`apart`): what one process was dealt, all its repetitions
    share. `interval` is the file's own, with 95 % confidence; by default that of the median.
    """
    ours = [value * quantity.factor for value in values]
    if not ours or not all(map(_is_number, ours)):
        return failed(subject, quantity.metric, "the file has no number for it" if not ours else "it is not a number")
    own = (interval[0] * quantity.factor, interval[1] * quantity.factor) if interval else None
    return Measurement(
        subject=subject,
        metric=quantity.metric,
        value=median(ours),
        slots=slots(ours) if apart else (),
        n=min(max(n, 0), _MOST_SAMPLES) or (len(ours) if len(ours) > 1 else 0),
        interval=own if own and all(map(_is_number, own)) else stats.percentile_interval(sorted(ours), 0.5),
    )


def slots(values: Sequence[float]) -> tuple[float, ...]:
    """A slot for each of at least two values; of more than MOST_SLOTS, neighbours share one, their median."""
    count = min(MOST_SLOTS, len(values))
    ends = [place * len(values) // count for place in range(count + 1)]
    return tuple(median(values[first:last]) for first, last in pairwise(ends)) if count > 1 else ()


def failed(subject: str, metric: str, reason: str) -> Measurement:
    """A benchmark that the file says went wrong."""
    return Measurement(
        subject=subject, metric=metric, reason=reason[:_LONGEST_REASON] or "it failed and does not say why", failed=True
    )


def number(value: Number | None) -> float:
    """A number that may be written as text; what is none is NaN."""
    try:
        return float(value) if value is not None else nan
    except (ValueError, OverflowError):
        return nan


def _is_number(value: float) -> bool:
    """Neither NaN nor infinite, nor near enough to it that a mean of two would be."""
    return abs(value) < _MOST
