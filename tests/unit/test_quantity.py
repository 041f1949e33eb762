"""Foreign units: which metric they are, by what factor, and which direction is better."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import metrics
from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.quantity import Direction


@pytest.mark.parametrize(
    ("unit", "better", "metric", "factor"),
    [
        ("ns/iter", "lower", "time_ms", 1e-6),
        ("us", None, "time_ms", 1e-3),
        ("µs/op", "lower", "time_ms", 1e-3),
        ("μs", "lower", "time_ms", 1e-3),
        ("msec", None, "time_ms", 1),
        ("s/op", None, "time_ms", 1e3),
        ("Seconds", "lower", "time_ms", 1e3),
        ("min", "lower", "time_ms", 6e4),
        ("iter/sec", "higher", "throughput_per_second", 1),
        ("ops/ms", None, "throughput_per_second", 1e3),
        ("ops/ns", None, "throughput_per_second", 1e9),
        ("ops/min", None, "throughput_per_second", 1 / 60),
        ("FPS", "higher", "throughput_per_second", 1),
        ("MB/s", None, "bandwidth_mb_per_second", 1),
        ("GiB/s", "higher", "bandwidth_mb_per_second", 1073.741824),
        ("B/op", None, "allocated_bytes", 1),
        ("allocs/op", "lower", "allocations", 1),
        # A known unit in the direction that is not its own keeps what the file says.
        ("ms", "higher", "value_higher_ms", 1),
        ("ops/s", "lower", "value_lower_ops_per_s", 1),
        ("kops/s", "higher", "value_higher_kops_per_s", 1),
        ("%", "lower", "value_lower_percent", 1),
        ("p99-ns", None, "value_lower_p99-ns", 1),
        ("widgets/s", None, "value_higher_widgets_per_s", 1),
        ("widgets", None, "custom_widgets", 1),
        ("", "lower", "value_lower_unit", 1),
    ],
)
def test_a_unit_is_a_metric_of_ours_where_its_direction_fits(
    unit: str, better: Direction | None, metric: str, factor: float
) -> None:
    found = quantity.of(unit, better)
    assert found.metric == metric
    assert found.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    ("name", "unit", "better"),
    [
        ("value_lower_frames_per_s", "frames/s", "lower"),
        ("value_higher_percent", "%", "higher"),
        ("custom_widgets", "", None),
        ("value_lower_\x1b[31m", "", None),
        ("value_lower_" + "x" * 61, "", None),
    ],
)
def test_a_foreign_metric_carries_unit_and_direction_in_its_name(name: str, unit: str, better: str | None) -> None:
    metric = metrics.find(name)
    assert (metric.name, metric.unit, metric.better) == (name, unit, better)


@given(st.text(max_size=100), st.sampled_from(["lower", "higher", None]))
def test_any_unit_gives_a_name_that_rules_can_match_and_find_understands(unit: str, better: Direction | None) -> None:
    name = quantity.of(unit, better).metric
    assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    assert metrics.find(name).better == better or better is None
