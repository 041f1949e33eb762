"""The document of operational monitoring: its own names, what is unknown, and how several models are one figure."""

from msgspec.structs import replace

from edgetpu_ci import codec, monitoring
from edgetpu_ci.model import Measurement
from tests.fakes import kpi_reports, reports

GROUPS = {
    "code_quality": ["test_coverage", "linting_score", "type_coverage", "security_score"],
    "development_velocity": [
        "commits_per_week",
        "pr_merge_time_hours",
        "issue_resolution_time_days",
        "deployment_frequency_per_week",
    ],
    "reliability": ["build_success_rate", "test_pass_rate", "dependency_health_score"],
    "benchmark_performance": [
        "average_throughput_fps",
        "p99_latency_ms",
        "power_efficiency_tops_per_watt",
        "memory_usage_mb",
    ],
    "system_health": ["tpu_utilization_percent", "thermal_state", "error_rate_percent"],
}


def document(**parts: object) -> dict[str, dict[str, object]]:
    known = monitoring.document(**{"kpis": kpi_reports.kpis_all_well(), "benchmark": None, **parts})  # type: ignore[arg-type]
    return codec.decode_json(codec.encode_json(known), dict, "the document")


def test_the_groups_have_the_names_of_the_users_document() -> None:
    known = document()
    assert {group: list(known[group]) for group in GROUPS} == GROUPS


def test_values_are_those_of_the_report_and_what_is_not_known_is_null_with_a_reason() -> None:
    known = document(kpis=kpi_reports.kpis_incomplete())
    assert known["code_quality"]["linting_score"] == 98.5
    assert known["development_velocity"]["pr_merge_time_hours"] is None
    assert "only 3 merged pull requests" in str(known["unknown"]["pr_merge_time_hours"])
    assert str(known["complete"]) == "False"
    assert len(known["incomplete"]) == 2


def test_every_null_has_a_reason_and_nothing_else_has() -> None:
    known = document(benchmark=reports.regressed())
    nulls = {name for group in GROUPS for name, value in known[group].items() if value is None}
    assert set(known["unknown"]) == nulls


def test_a_part_of_the_repository_is_not_the_repository() -> None:
    part = kpi_reports.figure("build_success_rate", 12, "ci.yml")
    assert document(kpis=kpi_reports.report([part]))["reliability"]["build_success_rate"] is None


def measured(subject: str, metric: str, value: float | None, reason: str = "") -> Measurement:
    return Measurement(subject=subject, metric=metric, value=value, reason=reason)


def test_of_several_models_the_worst_counts_where_lower_is_better_else_the_mean() -> None:
    benchmark = reports.report(
        [
            *(measured("a", name, 10) for name in ("throughput_fps", "latency_p99_ms", "memory_peak_mb")),
            *(measured("b", name, 20) for name in ("throughput_fps", "latency_p99_ms", "memory_peak_mb")),
            measured("a", "thermal_state", 0),
            measured("b", "thermal_state", 1),
            measured("c", "latency_p99_ms", None, "needs 662 samples, has 500"),
            measured("a", "power_efficiency_tops_per_watt", None, "no power meter is named"),
        ],
        rules=(),
    )
    known = document(benchmark=benchmark)
    assert known["benchmark_performance"] == {
        "average_throughput_fps": 15,
        "p99_latency_ms": 20,
        "power_efficiency_tops_per_watt": None,
        "memory_usage_mb": 20,
    }
    assert known["system_health"]["thermal_state"] == "warm"
    assert known["unknown"]["power_efficiency_tops_per_watt"] == "no power meter is named"
    assert str(known["benchmarks_as_of"]).startswith("2026-03-04")


def test_a_benchmark_that_is_missing_is_said() -> None:
    assert document()["unknown"]["p99_latency_ms"] == "no benchmark report is in the store"
    nothing = reports.report([], rules=())
    nothing = replace(nothing, run=replace(nothing.run, measurements=()))
    assert document(benchmark=nothing)["unknown"]["p99_latency_ms"] == "was not measured in the newest benchmark report"


def test_a_run_that_broke_says_how_often_it_failed_and_nothing_else() -> None:
    broke = replace(measured("a", "error_rate_percent", 4), failed=True, reason="the device vanished in round 3")
    known = document(benchmark=reports.report([broke, measured("a", "latency_p99_ms", 10)], rules=()))
    assert known["system_health"]["error_rate_percent"] == 4
    assert known["benchmark_performance"]["p99_latency_ms"] is None
    assert known["unknown"]["p99_latency_ms"] == "the device vanished in round 3"


def test_what_was_not_collected_names_its_collector() -> None:
    unknown = document()["unknown"]
    assert unknown["deployment_frequency_per_week"] == "was not collected; `use: github` under `kpis` does"
    assert unknown["dependency_health_score"] == "was not collected; `use: dependencies` under `kpis` does"
