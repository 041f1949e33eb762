"""Bands from history: of the level that counts, on the right side, with room."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import bands, baselines, codec
from edgetpu_ci.baselines import Baseline, Level
from edgetpu_ci.model import Point, Series
from tests.fakes.world import AT


def series(metric: str, values: list[float]) -> Series:
    points = tuple(Point(at=AT + timedelta(days=n), value=value, report=f"r{n:04}") for n, value in enumerate(values))
    return Series(device="pi", subject="m", metric=metric, points=points)


def around(level: float, count: int) -> list[float]:
    return [level * (1 + (n * 7 % 5 - 2) / 1000) for n in range(count)]


def suggested(metric: str, values: list[float], accepted: Baseline | None = None) -> Level | None:
    return bands.suggest("pi", [series(metric, values)], accepted).models.get("m", {}).get(metric)


def test_a_latency_has_a_target_and_a_most() -> None:
    assert suggested("latency_p99_ms", around(2.0, 40)) == Level(target=2.01, max=2.21)


def test_a_throughput_has_a_least_and_a_target() -> None:
    assert suggested("throughput_fps", around(500, 40)) == Level(min=449, target=499)


def test_too_few_runs_and_facts_have_no_band() -> None:
    assert suggested("latency_p99_ms", around(2.0, 9)) is None
    assert suggested("ops", [65.0] * 40) is None


def test_the_level_is_the_newest_when_it_is_better_and_the_old_one_while_a_worse_one_is_open() -> None:
    assert suggested("latency_p10_ms", around(2.0, 30) + around(1.0, 30)) == Level(target=1.01, max=1.11)
    assert suggested("latency_p10_ms", around(2.0, 30) + around(3.0, 30)) == Level(target=2.01, max=2.21)


def test_a_worse_level_that_was_accepted_is_the_one_that_counts() -> None:
    accepted = Baseline(
        device="pi",
        accepted=baselines.Accepted(by="Reviewer", at=AT, report="r0059"),
        models={"m": {"latency_p10_ms": Level(value=3.0)}},
    )
    assert suggested("latency_p10_ms", around(2.0, 30) + around(3.0, 30), accepted) == Level(target=3.01, max=3.31)


def test_the_text_is_a_baseline_file() -> None:
    found = bands.suggest("pi", [series("latency_p99_ms", around(2.0, 40))], None)
    assert codec.decode_yaml(bands.text(found).encode(), Baseline, "printed") == found


@pytest.mark.parametrize("metric", ["latency_p99_ms", "throughput_fps", "error_rate_percent"])
@given(st.lists(st.floats(0, 1e9), min_size=10, max_size=60))
def test_bands_rise_and_hold_for_most_runs_they_come_from(metric: str, values: list[float]) -> None:
    level = suggested(metric, values)
    if level:
        given_ = [bound for bound in (level.min, level.target, level.max) if bound is not None]
        assert given_ == sorted(given_)
