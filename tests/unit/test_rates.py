"""Which rate is tried next, and what those tried say."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.stats import rates
from edgetpu_ci.stats.rates import Bracket, Tried

TOP, WITHIN = 1000.0, 0.02


def search(is_met: Callable[[float], bool]) -> list[Tried]:
    tried: list[Tried] = []
    while (rate := rates.following(tried, TOP, WITHIN)) is not None:
        tried.append(Tried(rate, "" if is_met(rate) else "too fast"))
        assert len(tried) < 100
    return tried


@given(st.floats(TOP * rates.LEAST, TOP, exclude_max=True))
def test_the_highest_rate_that_is_met_is_found(capacity: float) -> None:
    tried = search(lambda rate: rate <= capacity)
    found = rates.bracket(tried, TOP)
    assert found.met is not None
    assert found.met <= capacity <= found.missed <= found.met * (1 + WITHIN)
    assert rates.is_confirmed(tried, found.met)
    assert rates.contradictions(tried) == 0
    assert len(tried) < 20


def test_what_serves_nothing_has_no_answer() -> None:
    tried = search(lambda _rate: False)
    assert rates.bracket(tried, TOP) == Bracket(None, TOP * rates.LEAST)
    assert len(tried) == 6


@given(st.floats(20, 900), st.integers(0, 2**32))
def test_an_unsteady_host_never_gives_an_answer_above_a_rate_it_missed(capacity: float, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    tried = search(lambda rate: chance.random() < 1 / (1 + (rate / capacity) ** 8))
    found = rates.bracket(tried, TOP)
    missed = [each.rate for each in tried if each.missed]
    if found.met is not None:
        assert all(found.met < rate for rate in missed)
        assert rates.is_confirmed(tried, found.met)


def test_an_answer_that_is_missed_the_second_time_is_none() -> None:
    before = [Tried(500), Tried(750, "x"), Tried(625, "x"), Tried(562.5, "x"), Tried(531.25, "x"), Tried(515.6, "x")]
    close = [*before, Tried(507.8)]
    assert rates.following(close, TOP, WITHIN) == 507.8
    again = [*close, Tried(507.8, "p99 was 40 ms")]
    assert rates.bracket(again, TOP) == Bracket(500, 507.8)
    assert rates.following(again, TOP, WITHIN) == 500
    assert rates.contradictions(again) == 1


@pytest.mark.parametrize(("met", "said"), [(700, 1), (500, 0)])
def test_rates_that_are_met_above_one_that_is_missed_are_counted(met: float, said: int) -> None:
    assert rates.contradictions([Tried(met), Tried(600, "x")]) == said
