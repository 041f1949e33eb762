"""How fast something grows: a slope that no single outlier moves (Theil and Sen), and how sure it is."""

from collections.abc import Sequence
from itertools import combinations
from math import floor, sqrt
from statistics import NormalDist, median

from msgspec import Struct


class Slope(Struct, frozen=True):
    """The median of the slopes between all pairs of points, and its 95 % interval, None of too few points.

    The interval (Sen 1968, from the variance of Kendall's S) is for points that differ independently of each other;
    those of a machine that slowly warms and cools do not, and their slope is less sure.
    """

    value: float
    interval: tuple[float, float] | None


def robust(times: Sequence[float], values: Sequence[float]) -> Slope | None:
    """The slope of `values` over `times`, which rise; None of fewer than two points."""
    points = list(zip(times, values, strict=True))
    slopes = sorted((b - a) / (end - start) for (start, a), (end, b) in combinations(points, 2))
    if not slopes:
        return None
    return Slope(median(slopes), _interval(slopes, len(points)))


def _interval(slopes: Sequence[float], n: int) -> tuple[float, float] | None:
    spread = NormalDist().inv_cdf(0.975) * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = floor((len(slopes) - spread) / 2) - 1
    return (slopes[low], slopes[-1 - low]) if low >= 0 else None
