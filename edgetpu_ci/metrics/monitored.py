"""The figures that operational monitoring asks for, in its own groups and under its own names."""

from typing import Final

OF_REPOSITORY: Final[dict[str, tuple[str, ...]]] = {
    "code_quality": ("test_coverage", "linting_score", "type_coverage", "security_score"),
    "development_velocity": (
        "commits_per_week",
        "pr_merge_time_hours",
        "issue_resolution_time_days",
        "deployment_frequency_per_week",
    ),
    "reliability": ("build_success_rate", "test_pass_rate", "dependency_health_score"),
}

OF_BENCHMARKS: Final[dict[str, tuple[str, ...]]] = {
    "benchmark_performance": (
        "average_throughput_fps",
        "p99_latency_ms",
        "power_efficiency_tops_per_watt",
        "memory_usage_mb",
    ),
    "system_health": ("tpu_utilization_percent", "thermal_state", "error_rate_percent"),
}

HEADLINES: Final = frozenset(name for names in OF_REPOSITORY.values() for name in names)
