"""The best division of a series into levels, and how noisy it is between them."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf, sqrt
from statistics import fmean, median

from edgetpu_ci.stats import percentile

_NORMAL = 1.4826
"""A normal distribution's deviation over its median absolute deviation."""


_HALF_WINDOW = 4
_CLIP = 3.0
_MARGIN = 4


def noise(levels: Sequence[float]) -> float:
    """The standard deviation about the levels, from the differences of neighbours: steps and spikes do not enter it."""
    steps = [abs(b - a) for a, b in pairwise(levels)]
    if not steps:
        return 0.0
    # Where most neighbours are equal, as of a coarse clock, the few steps are all there is to go by.
    return _NORMAL * median(steps) / sqrt(2) or fmean(steps)


def spread(residuals: Sequence[float]) -> float:
    """The standard deviation of residuals about zero, from their median: outliers do not enter it."""
    return _NORMAL * median(map(abs, residuals))


def reach(levels: Sequence[float]) -> float:
    """From the 1st to the 99th percentile."""
    ordered = sorted(levels)
    return percentile(ordered, 0.99) - percentile(ordered, 0.01)


def calmed(levels: Sequence[float]) -> list[float]:
    """Each point drawn to the running median of nine, so that one or two wild ones are no level."""
    middles = [median(levels[max(0, at - _HALF_WINDOW) : at + _HALF_WINDOW + 1]) for at in range(len(levels))]
    most = _CLIP * spread([level - middle for level, middle in zip(levels, middles, strict=True)])
    return [middle + max(-most, min(most, level - middle)) for level, middle in zip(levels, middles, strict=True)]


def boundary(levels: Sequence[float], before: int, at: int, after: int) -> int:
    """Where, near `at`, two levels fit best: least sum of absolute distances from their medians."""
    first, last = max(before + 1, at - _MARGIN), min(after - 1, at + _MARGIN)
    old, new = median(levels[max(before, at - 20) : at]), median(levels[at : min(after, at + 20)])
    # Moving the boundary past a point trades its distance from the new level for that from the old one.
    costs = accumulate((abs(level - old) - abs(level - new) for level in levels[first:last]), initial=0.0)
    return min(enumerate(costs, first), key=lambda place: place[1])[0]


def partition(values: Sequence[float], penalty: float) -> list[int]:
    """First points of the new levels (without 0) of the division with the least cost.

    The cost is the sum of squared distances from each segment's mean, plus `penalty` for each change. Exact, by
    functional pruning (Maidstone, Hocking, Rigaill, Fearnhead 2017): for each level that the newest segment may have,
    only the best start of that segment is kept.
    """
    total = squares = 0.0
    last = [0]
    # (low, high, start, total before start, cost up to start - squares before start) for levels in [low, high].
    pieces = [(-inf, inf, 0, 0.0, 0.0)]
    for end, value in enumerate(values, 1):
        total += value
        squares += value * value
        cost, start = _cheapest(pieces, end, total, squares)
        last.append(start)
        pieces = _pruned(pieces, end, total, squares, cost + penalty)
    starts = []
    at = len(values)
    while (at := last[at]) > 0:
        starts.append(at)
    return starts[::-1]


Piece = tuple[float, float, int, float, float]


def _cheapest(pieces: Sequence[Piece], end: int, total: float, squares: float) -> tuple[float, int]:
    cheapest, begin = inf, 0
    for low, high, start, before, base in pieces:
        inside, count = total - before, end - start
        level = min(max(inside / count, low), high)
        cost = base + squares + level * (count * level - 2 * inside)
        if cost < cheapest:
            cheapest, begin = cost, start
    return cheapest, begin


def _pruned(pieces: Sequence[Piece], end: int, total: float, squares: float, bound: float) -> list[Piece]:
    """The pieces where they cost less than a new segment from `end`, and that segment everywhere else."""
    kept: list[Piece] = []
    base = bound - squares
    edge = -inf
    for low, high, start, before, cost in pieces:
        inside, count = total - before, end - start
        middle = inside / count
        reach = (bound - cost - squares) / count + middle * middle
        if reach <= 0:
            continue
        reach = sqrt(reach)
        left, right = max(low, middle - reach), min(high, middle + reach)
        if left >= right:
            continue
        if left > edge:
            kept.append((edge, left, end, total, base))
        kept.append((left, right, start, before, cost))
        edge = right
    return [*kept, (edge, inf, end, total, base)]
