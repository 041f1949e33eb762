"""Rank statistics: exact, and from the standard library alone."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, combinations_with_replacement, groupby
from math import comb, sqrt
from statistics import NormalDist, median
from typing import Final

_COUNTABLE: Final = 30
"""Of so many values all the ways to divide them are counted; of more, the normal distribution is close enough."""


def rank_sum_p(lower: Sequence[float], upper: Sequence[float]) -> float:
    """One-sided p that `upper` is no larger than `lower` (exact Mann-Whitney, ties by mid-ranks).

    Two groups that do not overlap give 1 / C(n + m, n), the smallest p there is.
    """
    pooled = sorted([*lower, *upper])
    # Twice the mid-rank is an integer, so that the exact distribution can be counted.
    doubled = {value: 2 * pooled.index(value) + pooled.count(value) + 1 for value in set(pooled)}
    observed = sum(doubled[value] for value in upper)
    counts = _subset_sums(tuple(doubled[value] for value in pooled), len(upper))
    return sum(count for total, count in counts.items() if total >= observed) / comb(len(pooled), len(upper))


def differ(before: Sequence[float], after: Sequence[float], confidence: float = 0.95) -> bool:
    """Whether one group lies beyond the other (Mann-Whitney, ties by mid-ranks), in either direction.

    Exact for up to 30 values together; then by the normal approximation with its corrections.
    """
    tail = rank_sum_p if len(before) + len(after) <= _COUNTABLE else _rank_sum_p_of_many
    return min(tail(before, after), tail(after, before)) <= (1 - confidence) / 2


def _rank_sum_p_of_many(lower: Sequence[float], upper: Sequence[float]) -> float:
    """`rank_sum_p` by the normal approximation, corrected for ties and for being a whole number of halves."""
    n, m = len(lower), len(upper)
    pooled = sorted([*lower, *upper])
    ties = [len(list(group)) for _, group in groupby(pooled)]
    variance = n * m / 12 * (n + m + 1 - sum(t**3 - t for t in ties) / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    ordered = sorted(lower)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in upper) / 2
    return NormalDist().cdf((n * m / 2 + 0.5 - wins) / sqrt(variance))


def shift_interval(lower: Sequence[float], upper: Sequence[float], confidence: float) -> tuple[float, float]:
    """Interval of the shift from `lower` to `upper` (Hodges-Lehmann, from the same ranks as the test).

    Widest when the groups are too small for the confidence asked.
    """
    shifts = sorted(b - a for a in lower for b in upper)
    cut = _critical(len(lower), len(upper), (1 - confidence) / 2)
    return shifts[cut], shifts[len(shifts) - 1 - cut]


def shift(lower: Sequence[float], upper: Sequence[float]) -> float:
    """The shift from `lower` to `upper`: the median of all differences (Hodges-Lehmann)."""
    return median(b - a for a in lower for b in upper)


def _critical(n: int, m: int, alpha: float) -> int:
    """How many of the outermost differences lie outside an interval that errs by `alpha` on a side."""
    counts = _subset_sums(tuple(range(2, 2 * (n + m) + 2, 2)), m)
    total, rejected, below = comb(n + m, m), 0, 0
    for doubled in sorted(counts):
        below += counts[doubled]
        if below / total > alpha:
            break
        rejected += 1
    # A shift is rejected while fewer than `rejected` differences lie below it: the next one is the bound.
    return min(max(rejected - 1, 0), (n * m - 1) // 2)


@cache
def _subset_sums(ranks: tuple[int, ...], size: int) -> dict[int, int]:
    """How many subsets of `size` ranks have each sum."""
    sums: list[dict[int, int]] = [{} for _ in range(size + 1)]
    sums[0][0] = 1
    for rank in ranks:
        for taken in range(size - 1, -1, -1):
            for total, count in sums[taken].items():
                sums[taken + 1][total + rank] = sums[taken + 1].get(total + rank, 0) + count
    return sums[size]


def signed_rank_p(differences: Sequence[float]) -> float:
    """One-sided p that the differences lie no higher than zero (exact Wilcoxon signed-rank).

    Ties of opposite sign and zeros count against the finding. Broken at random they would leave the test exact, so that
    broken the worst way it errs less than it promises; and p stays what `walsh_interval` is cut by.
    """
    above = sum(a + b > 0 for a, b in _pairs_with_self(differences))
    return _signed_rank_tails(len(differences))[above]


def centre(differences: Sequence[float]) -> float:
    """The centre of the differences: the median of all Walsh averages (Hodges-Lehmann)."""
    return median((a + b) / 2 for a, b in _pairs_with_self(differences))


def walsh_interval(differences: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """Interval of the centre: two of the Walsh averages. None when so few differences have no such interval.

    It lies above zero exactly when `signed_rank_p` is at most (1 - confidence) / 2.
    """
    tails, alpha = _signed_rank_tails(len(differences)), (1 - confidence) / 2
    least = next((statistic for statistic, tail in enumerate(tails) if tail <= alpha), None)
    if least is None:
        return None
    averages = sorted((a + b) / 2 for a, b in _pairs_with_self(differences))
    return averages[len(averages) - least], averages[least - 1]


def _pairs_with_self(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    return combinations_with_replacement(values, 2)


@cache
def _signed_rank_tails(n: int) -> tuple[float, ...]:
    """P(T >= t) for t from 0 to n (n + 1) / 2, where T sums those of the ranks 1 to n for which a coin falls heads."""
    counts = [1]
    for rank in range(1, n + 1):
        counts = [a + b for a, b in zip(counts + [0] * rank, [0] * rank + counts, strict=True)]
    return tuple(tail / 2**n for tail in accumulate(reversed(counts)))[::-1]
