"""Rules of other tools for two sets of rounds, written from what they document or do, with their defaults.

Each takes the samples of base and head, an array of rounds x invokes for each, and says whether head is worse.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any, Final

import numpy as np
from scipy import stats

Samples = np.ndarray[Any, np.dtype[np.float64]]
Rule = Callable[[Samples, Samples], bool]

ALPHA: Final = 0.05
ASV_ALPHA, ASV_FACTOR = 0.002, 1.1
CRITERION_NOISE: Final = 0.01
Z: Final = 1.96


def mean_ratio(limit: float) -> Rule:
    """github-action-benchmark, Bencher's percentage: the ratio of two means is above a limit."""
    return lambda base, head: bool(head.mean() / base.mean() > limit)


def mann_whitney(base: Samples, head: Samples) -> bool:
    """benchstat: Mann-Whitney U of all samples, two-sided."""
    return _p(base, head) < ALPHA and bool(np.median(head) > np.median(base))


def mann_whitney_of_repetitions(base: Samples, head: Samples) -> bool:
    """Google Benchmark's compare.py: the same of repetitions, here the mean of each slot."""
    return mann_whitney(base.mean(axis=1), head.mean(axis=1))


def asv(base: Samples, head: Samples) -> bool:
    """`asv continuous`: Mann-Whitney below 0.002 of all samples, and medians that differ by a factor of 1.1."""
    return _p(base, head) < ASV_ALPHA and bool(np.median(head) > ASV_FACTOR * np.median(base))


def welch(base: Samples, head: Samples) -> bool:
    """Welch's t of all samples, two-sided: hyperfine's welch_ttest.py."""
    return float(stats.ttest_ind(head.ravel(), base.ravel(), equal_var=False).pvalue) < ALPHA and bool(
        head.mean() > base.mean()
    )


def criterion(base: Samples, head: Samples) -> bool:
    """criterion.rs: t below 0.05 and the 95 % interval of the relative change above its noise threshold of 1 %.

    Its bootstrap of so many samples is normal; the interval is by propagation of errors.
    """
    ratio = head.mean() / base.mean()
    error = ratio * sqrt(head.var() / head.size / head.mean() ** 2 + base.var() / base.size / base.mean() ** 2)
    return welch(base, head) and bool(ratio - Z * error > 1 + CRITERION_NOISE)


def paired_t(base: Samples, head: Samples) -> bool:
    """Student's t of the logarithms of ratios of slot medians, one-sided: what a careful person writes first."""
    ratios = np.log(np.median(head, axis=1) / np.median(base, axis=1))
    return float(stats.ttest_1samp(ratios, 0, alternative="greater").pvalue) < ALPHA


def _p(base: Samples, head: Samples) -> float:
    return float(stats.mannwhitneyu(base.ravel(), head.ravel(), method="asymptotic").pvalue)


RULES: Final[dict[str, Rule]] = {
    "ratio of means > 200 % (github-action-benchmark)": mean_ratio(2.0),
    "ratio of means > 110 %": mean_ratio(1.1),
    "Mann-Whitney, all samples, 5 % (benchstat)": mann_whitney,
    "Mann-Whitney, means of slots, 5 % (Google Benchmark)": mann_whitney_of_repetitions,
    "Mann-Whitney, all samples, 0.2 %, and 1.1 (asv)": asv,
    "Welch t, all samples, 5 % (hyperfine)": welch,
    "t 5 % and interval beyond 1 % (criterion)": criterion,
    "paired t of slot medians, 5 %": paired_t,
}
