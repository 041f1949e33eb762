"""Shares of a whole, k of n, and counts: how sure one is of them, and whether two differ beyond chance."""

from math import exp, lgamma, sqrt
from statistics import NormalDist
from typing import Final

from edgetpu_ci import stats

Share = tuple[int, int]
"""How many, and of how many."""

_NEGLIGIBLE: Final = 1e-18
"""A part of a sum that a float does not show."""


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share (Wilson 1927), both ends between 0 and 1; `n` is at least 1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = k / n, z * z / n
    centre = (share + weight / 2) / (1 + weight)
    reach = z * sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    # Rounding must not say that what never happened does, or that what always did need not.
    return (0.0 if k == 0 else centre - reach), (1.0 if k == n else centre + reach)


def differ(before: Share, after: Share, confidence: float = 0.95) -> bool:
    """Whether two shares differ beyond chance, by Fisher's exact test on either side.

    Exact for any n, so that few are never called a change too soon; it errs less often than it promises.
    """
    (k0, n0), (k, n) = before, after
    total, hits = n0 + n, k0 + k
    if k * n0 < k0 * n:
        k, hits = n - k, total - hits
    return _at_least(k, n, hits, total) <= (1 - confidence) / 2


def counts_differ(before: int, after: int, confidence: float = 0.95) -> bool:
    """Whether more or fewer were counted than in an equal time before, where each comes independently of the others.

    Exact: of all that were counted, chance puts each into either time alike (Przyborowski and Wilenski 1940).
    """
    return stats.binomial_tail(max(before, after), before + after, 0.5) <= (1 - confidence) / 2


def _at_least(k: int, drawn: int, hits: int, total: int) -> float:
    """The chance of at least `k` hits among `drawn` of `total`, of which `hits` are; `k` is at least its mean."""
    if k <= max(0, drawn + hits - total):
        return 1.0
    term = exp(_log_choose(hits, k) + _log_choose(total - hits, drawn - k) - _log_choose(total, drawn))
    chance = 0.0
    while term > _NEGLIGIBLE * chance:
        chance += term
        term *= (hits - k) * (drawn - k) / ((k + 1) * (total - hits - drawn + k + 1))
        k += 1
    return min(1.0, chance)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
