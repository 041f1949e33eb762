"""What speaks for a change, against scipy and by hand."""

import random
from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from edgetpu_ci.stats import evidence, segments

sides = st.lists(st.floats(-100, 100), min_size=4, max_size=20, unique=True)


@given(sides, sides)
def test_order_is_the_normal_deviate_of_the_mann_whitney_test(old: list[float], new: list[float]) -> None:
    pairs = len(old) * len(new)
    u = oracle.mannwhitneyu(new, old).statistic
    z = abs(u - pairs / 2) / sqrt(pairs * (len(old) + len(new) + 1) / 12)
    assert evidence.weigh(old, new, 1.0).order == pytest.approx(z)


def test_each_kind_of_evidence_of_a_clean_step() -> None:
    found = evidence.weigh([1.0, 2.0, 3.0, 2.0], [5.0, 6.0, 7.0, 6.0, 6.0], 10.0)
    assert (found.size, found.share, found.points) == (4, 0.4, 4)
    # Of the nine distances from the two medians, five are 0 and four are 1: their median is 0.
    assert found.certainty == inf


def test_certainty_is_the_size_in_standard_errors() -> None:
    old, new = [0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 11.0, 12.0, 13.0, 14.0]
    found = evidence.weigh(old, new, 14.0)
    assert found.certainty == pytest.approx(10 / 1.4826 * sqrt(25 / 10))


def test_a_change_is_as_strong_as_its_weakest_evidence() -> None:
    strong = evidence.Evidence(size=1, share=1, certainty=20, order=5, points=20)
    assert evidence.tier(strong) == "confirmed"
    for weak in (strong._replace(points=5), strong._replace(size=0.009), strong._replace(order=2.9)):
        assert evidence.tier(weak) == "suspected"
        assert weak.over(evidence.SUSPECTED) >= 1


@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_noise_is_the_deviation_of_normal_values_and_steps_and_spikes_change_little(
    seed: int, deviation: float
) -> None:
    draw = random.Random(seed)  # noqa: S311 - a simulation
    levels = [draw.gauss(0, deviation) for _ in range(300)]
    plain = segments.noise(levels)
    assert plain == pytest.approx(deviation, rel=0.4)
    moved = [level + (50 * deviation if at >= 60 else 0) for at, level in enumerate(levels)]
    moved[30] += 1000 * deviation
    assert segments.noise(moved) == pytest.approx(plain, rel=0.15)


def test_noise_of_an_even_series_is_next_to_none() -> None:
    assert 0 < segments.noise([1.0] * 20) < evidence.SUSPECTED.size / 5
