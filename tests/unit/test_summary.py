"""What a key figure says of itself: how many, how sure, whether it moved, and why it is unknown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.kpis import summary, window
from edgetpu_ci.model import Earlier

OF = "merged pull requests in 30 days"
AS_OF = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_share_is_a_percentage_with_its_interval_and_of_how_many() -> None:
    found = summary.share("repository", "build_success_rate", (9, 10), of="runs in 30 days")
    assert (found.value, found.n) == (90.0, 10)
    assert found.interval == pytest.approx((59.585, 98.212), abs=1e-3)  # Wilson's, of 9 in 10
    assert dict(found.details)["counted"] == "9 of 10 runs in 30 days"


@pytest.mark.parametrize(
    ("n", "reason"),
    [
        (0, "not known: no merged pull requests in 30 days; 5 are needed"),
        (1, "not known: only one among merged pull requests in 30 days; 5 are needed"),
        (3, "not known: only 3 merged pull requests in 30 days; 5 are needed"),
    ],
)
def test_of_fewer_than_five_nothing_is_said_but_how_many(n: int, reason: str) -> None:
    spread = summary.spread("repository", "pr_merge_time_hours", [1.0] * n, of=OF)
    share = summary.share("repository", "build_success_rate", (n, n), of=OF)
    assert (spread.value, spread.reason, spread.n) == (None, reason, n)
    assert (share.value, share.reason, share.n) == (None, reason, n)


def test_a_spread_is_its_median_with_the_slow_end_among_the_details() -> None:
    found = summary.spread("repository", "build_time_seconds", [*range(1, 11), 100], of="jobs")
    # Type 7, of 11 values: p75 lies at place 7.5, p90 at 9, p95 at 9.5.
    assert found.value == 6
    assert dict(found.details) == {"p75": "8.500 s", "p90": "10 s", "p95": "55 s", "counted": "11 jobs"}
    assert found.interval == (2, 10)


def test_it_moved_only_beyond_chance() -> None:
    slower = summary.spread("repository", "x", range(11, 21), range(1, 11), of=OF)
    steady = summary.spread("repository", "x", [6, 7, 8, 9, 10], [1, 2, 3, 4, 5], of=OF)
    assert slower.earlier == Earlier(value=5.5, n=10, moved=True)
    # All five larger than all five before: 2 in C(10, 5) = 252 by chance, which fifty figures see in a week.
    assert steady.earlier == Earlier(value=3, n=5, moved=False)


def test_a_window_before_with_too_few_is_no_comparison() -> None:
    assert summary.spread("repository", "x", [1] * 5, [1] * 4, of=OF).earlier is None
    assert summary.share("repository", "x", (5, 5), (0, 4), of=OF).earlier is None


def test_no_deployment_at_all_is_a_figure() -> None:
    found = summary.count("repository", "deployment_frequency_per_week", 0, 30, per=10)
    assert (found.value, found.n, found.reason) == (0.0, 0, "")
    assert found.earlier == Earlier(value=3.0, n=30, moved=True)


@given(st.lists(st.floats(0, 1e9), min_size=5, max_size=40))
def test_a_median_lies_within_its_values_and_its_interval(values: list[float]) -> None:
    found = summary.spread("repository", "x", values, of=OF)
    assert found.value is not None
    assert min(values) <= found.value <= max(values)
    assert found.interval is None or found.interval[0] <= found.value <= found.interval[1]


def test_a_window_ends_just_before_now_and_the_one_before_just_where_it_began() -> None:
    here = window.last(30, AS_OF)
    assert not here.has(AS_OF)
    assert here.has(AS_OF - timedelta(days=30))
    assert here.before.end == here.start
    assert here.before.days == here.days == 30
    assert str(here) == "2026-10-26 12:00 to 2026-11-25 12:00 UTC, 30 days"
