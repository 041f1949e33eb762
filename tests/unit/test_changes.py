"""Changes are found where there are some, and nowhere else; a watch knows nothing of the future."""

import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci.model import Change
from edgetpu_ci.stats import changes, segments

seeds = st.integers(0, 10**6)


def noise(seed: int, n: int, deviation: float = 1.0, level: float = 100.0) -> list[float]:
    draw = random.Random(seed)  # noqa: S311 - a simulation
    return [draw.gauss(level, deviation) for _ in range(n)]


def autocorrelated(seed: int, n: int, rho: float) -> list[float]:
    values, last = [], 0.0
    for fresh in noise(seed, n, level=0.0):
        last = rho * last + fresh
        values.append(100 + last)
    return values


def places(found: Sequence[Change]) -> list[int]:
    return [change.index for change in found]


@given(seeds, st.integers(10, 79), st.floats(0.01, 100))
def test_a_lone_spike_is_never_a_change(seed: int, at: int, factor: float) -> None:
    values = noise(seed, 80)
    without = changes.find(values)
    values[at] *= factor
    assert len(changes.find(values)) <= len(without)


@given(seeds, st.integers(0, 59), st.floats(0.01, 100))
def test_a_spike_in_an_even_series_is_never_a_change(seed: int, at: int, factor: float) -> None:
    values = [100.0] * 60
    values[at] *= factor
    values[(at + 10 + seed % 40) % 60] *= factor
    assert changes.find(values) == ()
    assert changes.watch(values) == ()


@given(seeds, st.integers(20, 60), st.sampled_from([-1, 1]))
def test_a_step_of_five_deviations_is_found_where_it_is(seed: int, at: int, sign: int) -> None:
    values = [value + (5 * sign if place >= at else 0) for place, value in enumerate(noise(seed, 80))]
    found = changes.find(values)
    assert any(abs(place - at) <= 2 for place in places(found))
    change = min(found, key=lambda change: abs(change.index - at))
    assert change.tier == "confirmed"
    assert (change.after - change.before) * sign == pytest.approx(5, abs=1.5)


@given(seeds, st.floats(1e-6, 1e6))
def test_the_unit_changes_nothing(seed: int, factor: float) -> None:
    values = [*noise(seed, 40), *noise(seed + 1, 40, level=110)]
    assert places(changes.find([value * factor for value in values])) == places(changes.find(values))


@given(seeds)
def test_time_and_rate_change_together(seed: int) -> None:
    values = [*noise(seed, 40), *noise(seed + 1, 40, level=110)]
    assert places(changes.find([1 / value for value in values])) == places(changes.find(values))


@given(st.lists(st.sampled_from([-1e308, -1.0, 0.0, 5e-324, 1.0, 1.5, 1e308]), max_size=60))
def test_any_finite_values_have_an_answer(values: list[float]) -> None:
    for found in (changes.find(values), changes.watch(values)):
        assert all(0 < place < len(values) for place in places(found))
        assert all(one < other for one, other in pairwise(places(found)))


def test_a_step_without_noise_is_found_where_it_is() -> None:
    assert places(changes.find([3.0] * 10 + [4.0] * 10)) == [10]
    assert places(changes.find([0.0] * 10 + [-4.0] * 10)) == [10]


def test_noise_has_next_to_no_changes() -> None:
    found = sum(len(changes.find(noise(seed, 500))) for seed in range(40))
    assert found <= 2


def test_autocorrelated_noise_has_few_changes() -> None:
    # 20,000 points.
    found = [change for seed in range(40) for change in changes.find(autocorrelated(seed, 500, 0.4))]
    assert len(found) <= 6
    assert sum(change.tier == "confirmed" for change in found) <= 2


@settings(max_examples=30)
@given(seeds, st.integers(1, 119))
def test_what_was_said_does_not_depend_on_what_came_later(seed: int, length: int) -> None:
    values = [*noise(seed, 40), *noise(seed + 1, 40, level=106), *noise(seed + 2, 40)]
    early, late = changes.watch(values[:length]), changes.watch(values)
    newest = length - 1
    told = [(c.index, c.suspected_at) for c in late if c.suspected_at is not None and c.suspected_at <= newest]
    assert [(c.index, c.suspected_at) for c in early] == told
    confirmed = [(c.index, c.confirmed_at) for c in late if c.confirmed_at is not None and c.confirmed_at <= newest]
    assert [(c.index, c.confirmed_at) for c in early if c.confirmed_at is not None] == confirmed


def test_a_step_is_suspected_at_once_and_confirmed_soon_in_one_entry() -> None:
    change, *others = changes.watch([*noise(1, 60), *noise(2, 60, level=110)])
    assert others == []
    assert change.suspected_at is not None
    assert change.confirmed_at is not None
    assert (change.index, change.tier, change.withdrawn_at) == (60, "confirmed", None)
    assert 62 <= change.suspected_at <= 64
    assert change.suspected_at <= change.confirmed_at <= 66


def test_a_level_that_does_not_last_is_withdrawn() -> None:
    said = changes.watch([*noise(1, 60), *noise(2, 4, level=110), *noise(3, 60)])
    assert all(change.withdrawn_at is not None or change.confirmed_at is None for change in said)


def test_a_watch_looks_at_no_more_than_the_newest_300_points() -> None:
    watching = changes.Watch()
    kept = []
    for value in [*noise(1, 700), *noise(2, 20, level=120)]:
        watching.add(value)
        kept.append(len(watching._recent))
    assert 200 < max(kept) <= 300
    assert places(watching.said) == [700]


def test_a_scale_that_no_longer_fits_is_made_anew() -> None:
    values = [*noise(1, 50), *noise(2, 30, level=0), *noise(3, 30, level=1e9)]
    assert [place for place in places(changes.watch(values)) if place in {50, 80}] == [50, 80]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(bad: float) -> None:
    for judge in (changes.find, changes.watch):
        with pytest.raises(ValueError, match="finite"):
            judge([1.0, bad, 2.0])


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=60), st.floats(0.5, 50))
def test_the_division_is_the_cheapest_there_is(values: list[int], penalty: float) -> None:
    signal = np.array(values, dtype=float)

    def cost(starts: Sequence[int]) -> float:
        pieces = [signal[low:high] for low, high in pairwise([0, *starts, len(values)])]
        return float(sum(((piece - piece.mean()) ** 2).sum() for piece in pieces) + penalty * len(starts))

    division = segments.Division(penalty).extended(signal.tolist())
    oracle = ruptures.KernelCPD(kernel="linear", min_size=1).fit(signal.reshape(-1, 1)).predict(pen=penalty)
    assert cost(division.starts()) == pytest.approx(cost(oracle[:-1]), rel=1e-6, abs=1e-6)
