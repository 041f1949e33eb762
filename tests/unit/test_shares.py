"""Shares and counts agree with scipy's, and few are never called a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from edgetpu_ci.stats import shares

a_share = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(a_share)
def test_the_interval_of_a_share_is_wilsons(share: shares.Share) -> None:
    expected = oracle.binomtest(*share).proportion_ci(method="wilson")
    assert shares.wilson(*share) == pytest.approx(tuple(expected), abs=1e-9)


@given(a_share)
def test_an_interval_holds_its_share_and_stays_within_bounds(share: shares.Share) -> None:
    low, high = shares.wilson(*share)
    assert 0 <= low <= share[0] / share[1] <= high <= 1


@given(a_share, a_share)
def test_two_shares_differ_when_fisher_says_so_on_either_side(before: shares.Share, after: shares.Share) -> None:
    table = [[after[0], after[1] - after[0]], [before[0], before[1] - before[0]]]
    p = min(oracle.fisher_exact(table, alternative=side)[1] for side in ("less", "greater"))
    if p != pytest.approx(0.025, abs=1e-9):
        assert shares.differ(before, after) == (p <= 0.025)


@given(a_share, a_share)
def test_shares_differ_whichever_came_first(before: shares.Share, after: shares.Share) -> None:
    assert shares.differ(before, after) == shares.differ(after, before)


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        ((4, 4), (0, 2), False),  # 1 / 15 on a side
        ((5, 5), (0, 5), True),  # 1 / 252
        ((9_500, 10_000), (9_300, 10_000), True),
        ((9_500, 10_000), (9_490, 10_000), False),
        ((0, 100_000), (100_000, 100_000), True),
    ],
)
def test_of_few_a_great_difference_is_none_and_of_many_a_small_one_is(
    before: shares.Share, after: shares.Share, *, differ: bool
) -> None:
    assert shares.differ(before, after) is differ


@given(st.integers(0, 60), st.integers(0, 60))
def test_counts_differ_when_a_coin_would_hardly_divide_them_so(before: int, after: int) -> None:
    p = oracle.binomtest(max(before, after), before + after).pvalue if before + after else 1.0
    if p != pytest.approx(0.05, abs=1e-9):
        assert shares.counts_differ(before, after) == (p <= 0.05)


def test_from_none_it_takes_six_to_be_more() -> None:
    assert not shares.counts_differ(0, 5)
    assert shares.counts_differ(0, 6)
