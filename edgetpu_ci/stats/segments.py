"""The best division of a series into levels, and how noisy it is between them."""

from collections.abc import Iterable, Sequence
from copy import copy
from math import inf, sqrt
from statistics import fmean, median
from typing import Self

from edgetpu_ci.stats import percentile

_NORMAL = 1.4826
"""A normal distribution's deviation over its median absolute deviation."""

_APART = 3
_STILL = 0.0005
"""Noise below this is none: a tenth of the smallest change that is ever spoken of."""

_Piece = tuple[float, float, int, float, float]


def noise(levels: Sequence[float]) -> float:
    """The standard deviation about the levels, from differences: steps and spikes do not enter it.

    Of points three apart, because neighbours may be alike for other reasons than a common level.
    """
    steps = [abs(b - a) for a, b in zip(levels, levels[_APART:], strict=False)]
    # Where most are equal, as of a coarse clock, the few steps are all there is to go by.
    return max(_NORMAL * median(steps) / sqrt(2) or fmean(steps), _STILL) if steps else _STILL


def spread(residuals: Iterable[float]) -> float:
    """The standard deviation of residuals about zero, from their median: outliers do not enter it."""
    return _NORMAL * median(map(abs, residuals))


def reach(levels: Sequence[float]) -> float:
    """From the 1st to the 99th percentile."""
    ordered = sorted(levels)
    return percentile(ordered, 0.99) - percentile(ordered, 0.01)


class Division:
    """A growing series divided into levels at the least cost.

    The cost is the sum of squared distances from each segment's mean, plus `penalty` for each change. Exact, by
    functional pruning (Maidstone, Hocking, Rigaill, Fearnhead 2017): for each level that the newest segment may have,
    only its best start is kept. A point costs the number of these, a handful, whatever came before.
    """

    def __init__(self, penalty: float) -> None:
        self._penalty = penalty
        self._total = self._squares = 0.0
        self._last = [0]
        # (low, high, start, total before start, cost before start - squares before start) for levels in [low, high].
        self._pieces: list[_Piece] = [(-inf, inf, 0, 0.0, 0.0)]

    def extended(self, values: Iterable[float]) -> Self:
        """The division of the series with more points; this one stays as it is."""
        longer = copy(self)
        longer._last = self._last.copy()  # noqa: SLF001 - it is one of us
        for value in values:
            longer.add(value)
        return longer

    def add(self, value: float) -> None:
        """Take the next point."""
        self._total += value
        self._squares += value * value
        cost, start = self._cheapest()
        self._last.append(start)
        self._prune(cost + self._penalty)

    def starts(self) -> list[int]:
        """First points of all levels but the first."""
        starts = []
        at = len(self._last) - 1
        while (at := self._last[at]) > 0:
            starts.append(at)
        return starts[::-1]

    def _cheapest(self) -> tuple[float, int]:
        """Cost and newest start of the best division."""
        cheapest, begin, end = inf, 0, len(self._last)
        for low, high, start, before, base in self._pieces:
            inside, count = self._total - before, end - start
            level = min(max(inside / count, low), high)
            cost = base + self._squares + level * (count * level - 2 * inside)
            if cost < cheapest:
                cheapest, begin = cost, start
        return cheapest, begin

    def _prune(self, bound: float) -> None:
        """Keep the pieces where they cost less than a new segment from here, and that segment everywhere else."""
        end, total, squares = len(self._last) - 1, self._total, self._squares
        kept: list[_Piece] = []
        edge, base = -inf, bound - squares
        for low, high, start, before, cost in self._pieces:
            count = end - start
            middle = (total - before) / count
            reach = sqrt(max(0.0, (bound - cost - squares) / count + middle * middle))
            left, right = max(low, middle - reach), min(high, middle + reach)
            if left >= right:
                continue
            if left > edge:
                kept.append((edge, left, end, total, base))
            kept.append((left, right, start, before, cost))
            edge = right
        self._pieces = [*kept, (edge, inf, end, total, base)]
