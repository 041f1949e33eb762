"""Which changes of level still stand: neither a ratchet nor a stuck baseline."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import course
from edgetpu_ci.baselines import Accepted, Baseline
from edgetpu_ci.model import Point, Series, Shift
from tests.fakes.world import AT


def series(*lengths: tuple[float, int], metric: str = "throughput_sustained_fps") -> Series:
    """Levels, each of so many points within 0.6 % of it."""
    values = [level * (1 + (n * 7 % 5 - 2) / 333) for level, count in lengths for n in range(count)]
    points = tuple(
        Point(at=AT + timedelta(days=n), value=value, commit=f"{n:07x}", report=f"r{n:04}")
        for n, value in enumerate(values)
    )
    return Series(device="pi", subject="m", metric=metric, points=points)


def told(found: Series) -> list[tuple[str, str, int, int]]:
    return [(s.finding, s.tier, round(s.before), round(s.after)) for s in course.standing(found)]


def test_a_steady_series_says_nothing() -> None:
    assert told(series((100, 60))) == []


def test_a_worse_level_stays_open_however_long_it_lasts() -> None:
    assert told(series((100, 20), (90, 200))) == [("regressed", "confirmed", 100, 90)]


def test_a_new_level_is_suspected_before_it_is_confirmed() -> None:
    assert told(series((100, 20), (90, 5))) == [("regressed", "suspected", 100, 90)]


def test_slower_is_worse_whichever_way_the_metric_counts() -> None:
    assert told(series((10, 20), (11, 20), metric="latency_p10_ms")) == [("regressed", "confirmed", 10, 11)]
    assert told(series((11, 20), (10, 20), metric="latency_p10_ms")) == [("improved", "confirmed", 11, 10)]


def test_a_level_that_returns_closes_what_was_open_and_is_no_praise() -> None:
    assert told(series((100, 20), (90, 20), (100, 20))) == []


def test_two_steps_down_are_two_and_one_step_back_closes_the_second() -> None:
    down = [(100.0, 20), (90.0, 20), (80.0, 20)]
    assert [(before, after) for _, _, before, after in told(series(*down))] == [(100, 90), (90, 80)]
    assert [(before, after) for _, _, before, after in told(series(*down, (90, 20)))] == [(100, 90)]


def test_half_a_way_back_is_not_back() -> None:
    assert told(series((100, 20), (80, 20), (90, 20))) == [("regressed", "confirmed", 100, 90)]


def test_a_better_level_that_is_lost_again_is_a_loss() -> None:
    assert told(series((100, 20), (110, 20))) == [("improved", "confirmed", 100, 110)]
    assert told(series((100, 20), (110, 20), (100, 20))) == [("regressed", "confirmed", 110, 100)]


def test_a_lone_spike_opens_nothing() -> None:
    quiet = series((100, 60))
    for place in (5, 30, 58, 59):
        points = list(quiet.points)
        points[place] = replace(points[place], value=50.0)
        assert told(replace(quiet, points=tuple(points))) == []


def test_what_was_open_before_the_first_point_stays_open_until_its_level_returns() -> None:
    start = series((100, 1)).points[0]
    shift = Shift(tier="confirmed", finding="regressed", before=100, after=90, good=start, bad=start, runs=9)
    assert told(replace(series((90, 30)), open=(shift,))) == [("regressed", "confirmed", 100, 90)]
    assert told(replace(series((90, 30), (100, 20)), open=(shift,))) == []


@given(st.lists(st.sampled_from([80.0, 90.0, 100.0, 110.0]), min_size=1, max_size=6))
def test_what_stands_says_how_the_newest_level_is_worse_than_the_best(found: list[float]) -> None:
    """Whatever the way there: something stands open exactly when the last level is below the best before it."""
    lengths = [(level, 20) for n, level in enumerate(found) if n == 0 or level != found[n - 1]]
    regressed = [shift for shift in course.standing(series(*lengths)) if shift.finding == "regressed"]
    assert bool(regressed) == (lengths[-1][0] < max(level for level, _ in lengths))
    if regressed:
        assert regressed[-1].after == pytest.approx(lengths[-1][0], rel=0.01)


def test_an_acceptance_that_ended_accepts_nothing_any_more() -> None:
    found = series((100, 20), (90, 20))
    accepted = Accepted(by="Reviewer", at=AT, report="r0039", until=(AT + timedelta(days=60)).date())
    baseline = Baseline(device="pi", accepted=accepted, models={"m": {}})
    assert course.standing(found, course.accepted(baseline, found)) == ()
    over = replace(baseline, accepted=replace(accepted, until=(AT + timedelta(days=38)).date()))
    assert len(course.standing(found, course.accepted(over, found))) == 1
