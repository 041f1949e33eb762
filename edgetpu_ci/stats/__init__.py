"""Percentiles, how sure they are, and how many samples they need."""

from collections.abc import Sequence
from functools import cache
from itertools import count
from math import ceil, exp, floor, lgamma, log, log1p, sqrt

CONFIDENCE = 0.99
"""Of the interval of a change: what a test with a chance of error of 0.5 % on one side rejects, it leaves out."""


_NEGLIGIBLE = 1e-18
"""A part of a sum that a float does not show."""


def percentile(ordered: Sequence[float], q: float) -> float:
    """The `q` quantile (0 to 1) of samples in rising order, linear between the two nearest."""
    place = q * (len(ordered) - 1)
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def percentile_interval(ordered: Sequence[float], q: float, confidence: float = 0.95) -> tuple[float, float] | None:
    """Two of the samples that hold the true `q` quantile between them with at least this confidence.

    Free of assumptions on the distribution, for samples in rising order that are independent.
    None when so few samples have no such pair.
    """
    tail = (1 - confidence) / 2
    n = len(ordered)
    # How many samples lie below the true quantile is binomial(n, q).
    low = _most_below(n, q, tail)
    high = n - _most_below(n, 1 - q, tail)
    return (ordered[low - 1], ordered[high]) if low >= 1 and high < n else None


@cache
def samples_needed(q: float) -> int:
    """Samples from which the `q` quantile may be printed: 662 for p99, 130 for p95, 64 for p90.

    The fewest of which at least two lie beyond the quantile with 99 % certainty (the floor that
    MLPerf's early stopping has), so that no single outlier decides it.
    """
    beyond = min(q, 1 - q)
    return next(n for n in count(2) if (1 - beyond) ** n + n * beyond * (1 - beyond) ** (n - 1) <= 0.01)  # noqa: PLR2004


def binomial_tail(least: int, n: int, p: float) -> float:
    """The exact chance of at least `least` of `n`, each of which happens with chance `p` (between 0 and 1)."""
    return min(1.0, sum(exp(_log_binomial(n, k) + k * log(p) + (n - k) * log1p(-p)) for k in range(least, n + 1)))


def rate_at_most(seen: int, n: int, confidence: float = 0.95) -> float:
    """The greatest chance of something that was seen `seen` times in `n` (at least 1), with this confidence.

    The exact upper bound of Clopper and Pearson; of nothing in n it is nearly 3 / n.
    """
    if seen >= n:
        return 1.0
    low, high = seen / n, 1.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if _at_most(seen, n, middle) < 1 - confidence else (middle, high)
    return high


def _at_most(most: int, n: int, p: float) -> float:
    """The chance of at most `most` of `n`, where that is not more than the mean."""
    total, k = 0.0, most
    while k >= 0 and (term := exp(_log_binomial(n, k) + k * log(p) + (n - k) * log1p(-p))) > _NEGLIGIBLE * total:
        total, k = total + term, k - 1
    return total


def _most_below(n: int, p: float, tail: float) -> int:
    """The greatest k for which P(binomial(n, p) < k) is at most `tail`."""
    mean, spread = n * p, sqrt(n * p * (1 - p))
    # Fewer than twelve deviations below the mean has no weight that a float could hold beside `tail`.
    first = max(0, floor(mean - 12 * spread - 12))
    below = 0.0
    for k in range(first, ceil(mean) + 1):
        below += exp(_log_binomial(n, k) + k * log(p) + (n - k) * log1p(-p))
        if below > tail:
            return k
    return ceil(mean)


def _log_binomial(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
