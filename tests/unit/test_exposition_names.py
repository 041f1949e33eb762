"""What metrics are called in Prometheus."""

import re

import pytest

from edgetpu_ci import metrics
from edgetpu_ci.exposition import names


@pytest.mark.parametrize(
    ("metric", "name", "value", "scaled"),
    [
        ("latency_p99_ms", "edgetpu_ci_latency_p99_seconds", 1.5, 0.0015),
        ("p99_latency_ms", "edgetpu_ci_latency_p99_seconds", 1.5, 0.0015),
        ("test_coverage", "edgetpu_ci_test_coverage_ratio", 80, 0.8),
        ("error_rate_percent", "edgetpu_ci_error_rate_ratio", 5, 0.05),
        ("pr_merge_time_hours", "edgetpu_ci_pr_merge_time_seconds", 4.2, 15120),
        ("memory_peak_mb", "edgetpu_ci_memory_peak_bytes", 128, 128e6),
        ("model_bytes", "edgetpu_ci_model_bytes", 7, 7),
        ("failure_streak", "edgetpu_ci_failure_streak", 4, 4),
        ("value_lower_frames_per_s", "edgetpu_ci_value_lower_frames_per_s", 3, 3),
    ],
)
def test_a_name_ends_with_its_base_unit(metric: str, name: str, value: float, scaled: float) -> None:
    found = names.find(metric)
    assert (found.name, found.scaled(value)) == (name, scaled)


def test_no_two_metrics_share_a_name_and_each_is_one_that_prometheus_takes() -> None:
    found = [names.of(metric).name for metric in metrics.CATALOGUE]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[a-z_][a-z0-9_]*", name) for name in found)


def test_a_name_with_a_unit_ends_with_it() -> None:
    for metric in metrics.CATALOGUE:
        found = names.of(metric)
        assert not found.unit or found.name.endswith(f"_{found.unit}")
