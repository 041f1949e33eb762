"""A robust slope, against another implementation of the same."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from edgetpu_ci.stats import slope

series = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(series)
def test_it_is_the_slope_that_scipy_finds(values: list[float]) -> None:
    times = [float(n) for n in range(len(values))]
    found = slope.robust(times, values)
    theirs = theilslopes(values, times)
    assert found is not None
    assert found.value == pytest.approx(theirs[0], abs=1e-6)
    if found.interval:
        low, high = found.interval
        assert low <= found.value <= high
        assert low <= theirs[2] + 1e-9
        assert high >= theirs[3] - 1e-9


def test_outliers_do_not_move_it() -> None:
    times = [float(n) for n in range(60)]
    values = [2 * time + 5 for time in times]
    for place in (3, 20, 41, 59):
        values[place] = 1e6
    found = slope.robust(times, values)
    assert found is not None
    assert found.value == pytest.approx(2, abs=0.05)


def test_of_noise_alone_it_seldom_says_that_it_grows() -> None:
    chance = random.Random(1)  # noqa: S311
    times = [float(n) for n in range(30)]
    found = [slope.robust(times, [chance.gauss(0, 1) for _ in times]) for _ in range(1000)]
    wrong = sum(one is None or one.interval is None or not one.interval[0] <= 0 <= one.interval[1] for one in found)
    assert wrong <= 65


def test_too_few_points_have_no_slope_or_no_interval() -> None:
    assert slope.robust([1.0], [1.0]) is None
    assert slope.robust([1.0, 2.0], [1.0, 3.0]) == slope.Slope(2, None)
