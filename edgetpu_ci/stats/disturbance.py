"""What disturbed rounds that are measured in pairs, found without a look at which arm was slower. Pure.

A level is the logarithm of how slow a round was, both arms together: (ln base + ln head) / 2, rising when slower. It
stays the same when the arms change places, as they may when nothing changed, so that rounds may be left out by it and
any test of signs stays exact.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, sqrt
from statistics import NormalDist, median

from edgetpu_ci import stats
from edgetpu_ci.stats import ranks

NEIGHBOURS = 5
"""On either side: a level is compared with its surroundings, since hosts drift and change for long."""

DEVIATIONS = 5
LEAST_RISE = 0.03
"""A burst lifts a level by at least so many deviations of a calm step, and by 3 %."""

_QUARTER = 0.25
"""Disturbance only ever slows: the calmest quarter tells the level and the noise, even where a burst is long."""

_QUARTER_OF_STEPS = 0.4506
"""The quarter of absolute differences of normal values, in standard deviations of one value."""

LEAST_DRIFT = 0.02
SURE = 0.01
"""What is only said must be as unlikely by chance as this, and a drift as large as that."""


def contended(levels: Sequence[float]) -> tuple[bool, ...]:
    """Which rounds stand out of their neighbours as slow, in either arm or both."""
    steps = sorted(abs(after - before) for before, after in pairwise(levels))
    if not steps:
        return (False,) * len(levels)
    rise = max(DEVIATIONS * stats.percentile(steps, _QUARTER) / _QUARTER_OF_STEPS, LEAST_RISE)
    return tuple(level - _calm(levels, place) > rise for place, level in enumerate(levels))


def _calm(levels: Sequence[float], place: int) -> float:
    """The level where it was calm around this place."""
    return stats.percentile(sorted(levels[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1]), _QUARTER)


def drift(levels: Sequence[float]) -> str:
    """In words how the host became slower or faster from the first round to the last; empty when it did not."""
    n = len(levels)
    slopes = [(b - a) / (j - i) for i, a in enumerate(levels) for j, b in enumerate(levels[i + 1 :], i + 1)]
    if not slopes:
        return ""
    rise = median(slopes) * (n - 1)
    agreeing = abs(sum((slope > 0) - (slope < 0) for slope in slopes))
    chance = 2 * NormalDist().cdf(-agreeing / sqrt(n * (n - 1) * (2 * n + 5) / 18))
    if abs(rise) < LEAST_DRIFT or chance > SURE:
        return ""
    cause = "heat or other work" if rise > 0 else "warming up or less other work"
    return f"over the rounds both arms became {_percent(rise)} {_slower(rise)} ({cause}); those of a round met it alike"


def order(differences: Sequence[float], orders: Sequence[str]) -> str:
    """In words what it costs to be measured second, and how far that moves the estimate; empty when nothing shows.

    `differences` are logarithms of head over base, rising when slower; `orders` has "AB" where base came first, else
    "BA".
    """
    first = [d for d, which in zip(differences, orders, strict=False) if which == "AB"]
    then = [d for d, which in zip(differences, orders, strict=False) if which == "BA"]
    if not orders:
        return ""
    if not first or not then:
        return "one arm came first in every round, so that what the order does looks like a change"
    cost = ranks.shift(then, first) / 2
    chance = 2 * min(ranks.rank_sum_p(then, first), ranks.rank_sum_p(first, then))
    if chance > SURE:
        return ""
    bias = cost * (len(first) - len(then)) / (len(first) + len(then))
    moved = f"makes head look {_percent(bias)} {_slower(bias)}" if bias else "cancels out"
    return (
        f"the arm measured second was {_percent(cost)} {_slower(cost)}; "
        f"with {len(first)} rounds AB and {len(then)} BA that {moved}"
    )


def _slower(shift: float) -> str:
    return "slower" if shift > 0 else "faster"


def _percent(shift: float) -> str:
    return f"{100 * abs(exp(shift) - 1):.1f} %"
