"""Percentiles against numpy's, their intervals against scipy's binomial and against simulation."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from edgetpu_ci import stats

samples = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200).map(sorted)
quantiles = st.floats(0.01, 0.99)


@given(samples, st.floats(0, 1))
def test_a_percentile_is_numpys(ordered: list[float], q: float) -> None:
    assert stats.percentile(ordered, q) == pytest.approx(np.quantile(ordered, q), rel=1e-9, abs=1e-6)


@given(samples, quantiles)
def test_a_percentile_lies_among_the_samples(ordered: list[float], q: float) -> None:
    assert ordered[0] <= stats.percentile(ordered, q) <= ordered[-1]


@given(st.integers(1, 3000), quantiles, st.sampled_from([0.9, 0.95, 0.99]))
def test_an_interval_is_the_narrowest_with_equal_tails(n: int, q: float, confidence: float) -> None:
    tail = (1 - confidence) / 2
    low, high = binom.ppf(tail, n, q), binom.ppf(1 - tail, n, q)
    interval = stats.percentile_interval(range(1, n + 1), q, confidence)
    if interval is None:
        assert low < 1 or high >= n
    else:
        # P(fewer than k below) at a jump of the distribution may fall on either side of the tail by rounding.
        assert interval == (low, high + 1)
        assert binom.cdf(low - 1, n, q) <= tail + 1e-12
        assert binom.sf(high, n, q) <= tail + 1e-12


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(1)  # noqa: S311 - a simulation
    hits = 0
    for _ in range(2000):
        ordered = sorted(draw.random() for _ in range(100))
        interval = stats.percentile_interval(ordered, 0.9)
        assert interval is not None
        hits += interval[0] <= 0.9 <= interval[1]
    assert 0.94 <= hits / 2000 <= 0.985


@pytest.mark.parametrize(("q", "first"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)])
def test_a_two_sided_interval_exists_from(q: float, first: int) -> None:
    assert stats.percentile_interval(range(first - 1), q) is None
    assert stats.percentile_interval(range(first), q) is not None


@pytest.mark.parametrize(("q", "needed"), [(0.5, 11), (0.9, 64), (0.1, 64), (0.95, 130), (0.99, 662), (0.999, 6636)])
def test_samples_needed_are_those_of_mlperf(q: float, needed: int) -> None:
    assert stats.samples_needed(q) == needed


def test_a_percentile_that_may_be_printed_has_an_interval() -> None:
    for q in (0.1, 0.5, 0.9, 0.95, 0.99):
        assert stats.percentile_interval(range(stats.samples_needed(q)), q) is not None


def test_many_samples_are_quick_and_right() -> None:
    n = 300_000
    assert stats.percentile_interval(range(1, n + 1), 0.5) == (
        binom.ppf(0.025, n, 0.5),
        binom.ppf(0.975, n, 0.5) + 1,
    )


# The greatest chance of what was seen so often.


@given(st.integers(1, 10**9))
def test_of_nothing_in_n_it_is_about_three_in_n(n: int) -> None:
    assert stats.rate_at_most(0, n) == pytest.approx(-math.expm1(math.log(0.05) / n), rel=1e-6)
    assert stats.rate_at_most(0, n) <= 3 / n


@given(st.integers(1, 3000), st.data())
def test_it_is_the_exact_bound(n: int, data: st.DataObject) -> None:
    seen = data.draw(st.integers(0, n))
    assert stats.rate_at_most(seen, n) == pytest.approx(_beta_bound(seen, n), rel=1e-6)


def _beta_bound(seen: int, n: int) -> float:
    return 1.0 if seen == n else float(beta.ppf(0.95, seen + 1, n - seen))


@given(st.integers(1, 10**6), st.data())
def test_it_lies_above_what_was_seen_and_grows_with_it(n: int, data: st.DataObject) -> None:
    seen = data.draw(st.integers(0, n - 1))
    bound = stats.rate_at_most(seen, n)
    assert seen / n < bound <= stats.rate_at_most(seen + 1, n) <= 1
