"""What speaks for a change of level, and how much of it a suspicion and a confirmation need."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf, sqrt
from statistics import median
from typing import Final, NamedTuple

from edgetpu_ci.model import Tier
from edgetpu_ci.stats import segments


class Evidence(NamedTuple):
    """What speaks for a change; as limits, what each must at least be. All are free of units but `size`."""

    size: float
    """Difference of the two levels, on the scale of the series."""
    share: float
    """The same in units of the range that the series covers around the change."""
    certainty: float
    """The same in units of its standard error, as of a t test, from the median deviation about the two levels."""
    order: float
    """|z| of the Mann-Whitney test, which knows no size."""
    points: float
    """Points of the shorter side."""

    def over(self, limits: "Evidence") -> float:
        """How far the weakest is above its limit: from 1 on, all are met."""
        return min(found / limit for found, limit in zip(self, limits, strict=True))


SUSPECTED: Final = Evidence(size=0.005, share=0.2, certainty=5, order=2.58, points=4)
CONFIRMED: Final = Evidence(size=0.01, share=0.2, certainty=6, order=3, points=6)


def tier(found: Evidence) -> Tier:
    """How sure a change is that is at least suspected."""
    return "confirmed" if found.over(CONFIRMED) >= 1 else "suspected"


def weigh(old: Sequence[float], new: Sequence[float], reach: float) -> Evidence:
    """What speaks for a change between points before and after it, where the series covers the range `reach`."""
    low, high = median(old), median(new)
    size = abs(high - low)
    deviation = segments.spread([*(level - low for level in old), *(level - high for level in new)])
    return Evidence(
        size=size,
        share=_over(size, reach),
        certainty=_over(size, deviation * sqrt(1 / len(old) + 1 / len(new))),
        order=_order(old, new),
        points=min(len(old), len(new)),
    )


def _over(size: float, unit: float) -> float:
    return size / unit if unit > 0 else inf if size > 0 else 0.0


def _order(old: Sequence[float], new: Sequence[float]) -> float:
    ordered = sorted(old)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in new) / 2
    pairs = len(old) * len(new)
    return abs(wins - pairs / 2) / sqrt(pairs * (len(old) + len(new) + 1) / 12)
