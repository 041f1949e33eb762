"""The quality gates of the users' document, exactly as written there, each at its boundary and in its kind of run."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import assess, codec, config, measure
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Measurement, Report, Run
from tests.fakes import kpi_reports, reports
from tests.fakes.kpi_reports import figure

QUALITY_GATES = {
    "code_coverage": {"minimum": 80, "target": 90},
    "security_score": {"minimum": 85, "target": 95},
    "performance_regression": {"maximum": 10},
    "build_time": {"maximum": 300},
    "test_execution_time": {"maximum": 60},
}


def settings() -> config.Config:
    """As `quality_gates:` of a configuration file has them."""
    data = codec.encode_json({"collect": [], "quality_gates": QUALITY_GATES})
    return codec.decode_yaml(data, config.Config, "edgetpu-ci.yml")


def judged(run: Run) -> Report:
    return assess.report(measure.Taken(run=run), settings(), (), assess.Past())


def kpis(*changed: Measurement) -> Report:
    return judged(kpi_reports.report(kpi_reports.replaced(*changed)).run)


def status(report: Report, metric: str) -> str:
    (verdict,) = [verdict for verdict in report.verdicts if verdict.metric == metric]
    return verdict.status


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("test_coverage", 79.99, "failed"),
        ("test_coverage", 80, "warned"),
        ("test_coverage", 89.99, "warned"),
        ("test_coverage", 90, "passed"),
        ("security_score", 84.9, "failed"),
        ("security_score", 85, "warned"),
        ("security_score", 94.9, "warned"),
        ("security_score", 95, "passed"),
        ("build_time_seconds", 300, "passed"),
        ("build_time_seconds", 300.1, "failed"),
        ("test_execution_time_seconds", 60, "passed"),
        ("test_execution_time_seconds", 60.1, "failed"),
    ],
)
def test_a_gate_holds_to_its_boundary(metric: str, value: float, expected: str) -> None:
    report = kpis(figure(metric, value))
    assert (status(report, metric), judge.overall(report.verdicts)) == (expected, expected)


@pytest.mark.parametrize(("ms", "expected"), [(2.62, "passed"), (2.62 * 1.08, "passed"), (2.62 * 1.13, "failed")])
def test_a_regression_of_more_than_ten_percent_fails(ms: float, expected: str) -> None:
    before = reports.model("mobilenet_v2", 2.62)
    now = reports.model("mobilenet_v2", ms, seed=2)
    found = reports.report(now, before, rules=config.demands(settings())[2:3])
    assert judge.overall([v for v in found.verdicts if v.metric == "throughput_sustained_fps"]) == expected


def test_a_gate_on_benchmarks_is_no_matter_of_a_run_that_collects_kpis() -> None:
    report = kpis()
    assert judge.overall(report.verdicts) == "passed"
    assert {verdict.metric for verdict in report.verdicts} == {
        "test_coverage",
        "security_score",
        "build_time_seconds",
        "test_execution_time_seconds",
    }


def test_a_gate_on_a_kpi_is_no_matter_of_a_benchmark() -> None:
    report = judged(reports.report(reports.models(), rules=()).run)
    assert {verdict.metric for verdict in report.verdicts} == {"throughput_sustained_fps"}


def test_a_run_that_collects_both_is_held_against_all() -> None:
    report = judged(reports.report([*reports.models(), *kpi_reports.well()], rules=()).run)
    assert {verdict.metric for verdict in report.verdicts} >= {"throughput_sustained_fps", "test_coverage"}


def test_a_kpi_that_should_have_been_collected_and_was_not_is_unknown_and_weighs() -> None:
    run = kpi_reports.report(kpi_reports.well()[1:]).run
    report = judged(run)
    assert status(report, "test_coverage") == "unknown"
    assert judge.overall(report.verdicts) == "unknown"


def test_a_gate_on_kpis_that_could_not_be_collected_beside_benchmarks_is_unknown() -> None:
    run = replace(reports.report(reports.models(), rules=()).run, incomplete=("GitHub did not answer.",))
    assert status(judged(run), "test_coverage") == "unknown"


def test_a_misspelt_gate_is_said_in_every_run() -> None:
    wrong = replace(settings(), quality_gates={"code_covrage": config.Gate(minimum=80)})
    for run in (kpi_reports.report(kpi_reports.well()).run, reports.report(reports.models()).run):
        report = assess.report(measure.Taken(run=run), wrong, (), assess.Past())
        assert any("no metric is called code_covrage" in verdict.because for verdict in report.verdicts)


def test_a_run_of_the_repository_is_compared_with_no_earlier_run() -> None:
    earlier = kpi_reports.report(kpi_reports.replaced(figure("test_coverage", 99)))
    run = kpi_reports.report(kpi_reports.well()).run
    report = assess.report(measure.Taken(run=run), settings(), (), assess.Past(reports=(earlier,)))
    assert (report.comparisons, report.bases) == ((), ())


def test_kpis_are_collected_in_the_place_of_benchmarks_and_without_a_base(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("collect: [{use: health}]\nkpis: [{use: github}]\n")
    known = config.of_kpis(config.load(tmp_path / "c.yml"))
    assert [step.use for step in known.collect] == ["github"]
    assert known.compare.base == "none"


def test_a_configuration_without_kpis_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("collect: [{use: health}]\n")
    with pytest.raises(ConfigError, match=r"`kpis` lists nothing to collect; docs/kpis\.md"):
        config.of_kpis(config.load(tmp_path / "c.yml"))
