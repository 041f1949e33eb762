"""Rank statistics agree with scipy's, and behave as statistics must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from edgetpu_ci import ranks

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
