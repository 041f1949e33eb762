"""Rank statistics agree with scipy's, and behave as statistics must."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from edgetpu_ci.stats import ranks

groups = st.lists(st.floats(0.1, 100), min_size=3, max_size=9, unique=True)


@given(groups, groups)
def test_p_is_that_of_the_exact_mann_whitney_test(lower: list[float], upper: list[float]) -> None:
    if set(lower) & set(upper):
        return
    expected = oracle.mannwhitneyu(upper, lower, alternative="greater", method="exact").pvalue
    assert ranks.rank_sum_p(lower, upper) == pytest.approx(expected, abs=1e-12)


@given(groups)
def test_a_group_against_itself_shows_no_change(group: list[float]) -> None:
    assert ranks.rank_sum_p(group, group) >= 0.5
    assert ranks.shift(group, group) == pytest.approx(0, abs=1e-9)


@given(groups, groups, st.floats(-5, 5))
def test_shift_follows_what_is_added(lower: list[float], upper: list[float], added: float) -> None:
    moved = [value + added for value in upper]
    assert ranks.shift(lower, moved) == pytest.approx(ranks.shift(lower, upper) + added, abs=1e-6)


@given(groups, groups)
def test_interval_holds_the_estimate(lower: list[float], upper: list[float]) -> None:
    low, high = ranks.shift_interval(lower, upper, 0.95)
    assert low <= ranks.shift(lower, upper) <= high


def test_groups_that_do_not_overlap_give_the_smallest_p() -> None:
    assert ranks.rank_sum_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(1 / 252)


def test_ties_count_as_mid_ranks() -> None:
    # By hand: of the 6 ways to choose 2 of the ranks 1, 2.5, 2.5, 4, two sum to 6.5 or more.
    assert ranks.rank_sum_p([1, 2], [2, 3]) == pytest.approx(2 / 6)


def test_interval_of_a_textbook_size_covers_as_promised() -> None:
    # For 10 and 10 values the 95 % interval leaves out 23 differences on each side (tables of the U test).
    lower, upper = list(range(10)), list(range(100, 200, 10))
    differences = sorted(b - a for a in lower for b in upper)
    assert ranks.shift_interval(lower, upper, 0.95) == (differences[23], differences[-24])


differences = st.lists(st.floats(-100, 100).filter(bool), min_size=1, max_size=12, unique_by=abs)
quantised = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=8)


@given(differences)
def test_signed_rank_p_is_that_of_the_exact_wilcoxon_test(values: list[float]) -> None:
    expected = oracle.wilcoxon(values, alternative="greater", method="exact").pvalue
    assert ranks.signed_rank_p(values) == pytest.approx(expected, abs=1e-12)


@given(quantised, st.sampled_from([0.001, 0.01, 0.05, 0.3]))
def test_with_ties_and_zeros_signed_rank_errs_no_more_than_it_promises(values: list[float], alpha: float) -> None:
    # Brute force: under the null hypothesis each difference had its sign by the toss of a coin.
    flipped = [[sign * abs(v) for sign, v in zip(signs, values, strict=True)] for signs in _signs(len(values))]
    rejected = sum(ranks.signed_rank_p(each) <= alpha for each in flipped)
    assert rejected <= alpha * len(flipped)


def _signs(n: int) -> list[tuple[int, ...]]:
    return list(itertools.product((1, -1), repeat=n))


@given(quantised | differences, st.sampled_from([0.5, 0.9, 0.99]))
def test_walsh_interval_and_signed_rank_never_contradict(values: list[float], confidence: float) -> None:
    interval = ranks.walsh_interval(values, confidence)
    alpha = (1 - confidence) / 2
    rejected = ranks.signed_rank_p(values) <= alpha, ranks.signed_rank_p([-v for v in values]) <= alpha
    assert rejected == ((interval[0] > 0, interval[1] < 0) if interval else (False, False))
    assert interval is None or interval[0] <= ranks.centre(values) <= interval[1]


def test_walsh_interval_of_a_textbook_size() -> None:
    # For 10 pairs the two-sided 5 % value of T is 8 (tables): the 9th averages from either end are the bounds.
    values = [1.0, 2.5, -0.5, 4.0, 3.3, 0.7, 2.2, 5.1, -1.2, 1.9]
    averages = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
    assert ranks.walsh_interval(values, 0.95) == (averages[8], averages[-9])


def test_too_few_differences_have_no_interval() -> None:
    assert ranks.walsh_interval([1, 2, 3, 4, 5, 6, 7], 0.99) is None
    assert ranks.walsh_interval([1, 2, 3, 4, 5, 6, 7, 8], 0.99) == (1, 8)


def test_forty_differences_are_exact_too() -> None:
    values = [(-1) ** (i % 3) * (i + 1.0) for i in range(40)]
    expected = oracle.wilcoxon(values, alternative="greater", method="exact").pvalue
    assert ranks.signed_rank_p(values) == pytest.approx(expected, rel=1e-9)


many = st.lists(st.integers(0, 20).map(float), min_size=20, max_size=40)


@given(many, many)
def test_of_many_values_groups_differ_as_the_approximation_with_ties_says(
    before: list[float], after: list[float]
) -> None:
    if len({*before, *after}) == 1:
        assert not ranks.differ(before, after)
        return
    sides = (oracle.mannwhitneyu(after, before, alternative=side, method="asymptotic") for side in ("less", "greater"))
    p = min(side.pvalue for side in sides)
    # Just as sure as that, and not a little surer.
    if 1e-9 < p < 0.49:
        assert ranks.differ(before, after, 1 - 2 * p * 1.001)
        assert not ranks.differ(before, after, 1 - 2 * p * 0.999)


def test_few_differ_only_when_they_hardly_overlap() -> None:
    assert ranks.differ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    assert not ranks.differ([1, 2, 3], [4, 5, 6])  # 1 / 20 on a side is the least there is
