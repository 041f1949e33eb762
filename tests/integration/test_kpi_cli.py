"""`run --kpis`, `kpi` and `table` from outside: from a report file to what operational monitoring asks for."""

import json
from pathlib import Path

import pytest

from edgetpu_ci import codec, metrics
from tests.fakes import kpi_reports, reports
from tests.fakes.program import edgetpu_ci
from tests.integration.test_cli import project

KPIS = """\
kpis:
- {use: reports, with: {files: [{path: coverage.json, format: coverage-json}]}}
quality_gates:
  code_coverage: {minimum: 80, target: 90}
  performance_regression: {maximum: 10}
"""


def repository(folder: Path, covered: int) -> Path:
    """One with a model to measure, and a report of coverage."""
    totals = {"covered_lines": covered, "num_statements": 100}
    (folder / "coverage.json").write_text(json.dumps({"totals": totals}))
    return project(folder, rest=KPIS)


def test_run_kpis_judges_the_repository_and_keeps_its_report_and_picture(tmp_path: Path) -> None:
    done = edgetpu_ci(repository(tmp_path, 78), "run", "--kpis")
    assert done.returncode == 1, done.stderr
    assert "✗ test coverage: 78 % is below the least allowed, 80 %" in done.stdout
    assert "✗ KPIs failed: 1 below its limit" in done.stdout
    assert (tmp_path / "edgetpu-ci-report" / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((tmp_path / ".edgetpu-ci/documents/kpis").glob("*.json"))) == 1
    assert "baseline" not in done.stdout


def test_a_benchmark_with_the_same_configuration_is_not_held_against_kpis(tmp_path: Path) -> None:
    done = edgetpu_ci(repository(tmp_path, 78), "run")
    assert "test coverage" not in done.stdout
    assert "sustained" in done.stdout


def test_the_course_of_a_kpi_is_shown_from_the_second_run_on(tmp_path: Path) -> None:
    edgetpu_ci(repository(tmp_path, 91), "run", "--kpis")
    done = edgetpu_ci(repository(tmp_path, 95), "run", "--kpis")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("✓ test coverage")]
    assert line.split() == ["✓", "test", "coverage", "95", "%", "min", "80,", "target", "90", "▁▇"]


@pytest.mark.parametrize("extra", [["--reference"], ["small.tflite"], ["--device", "usb:0"]])
def test_kpis_are_of_no_model_and_no_device(tmp_path: Path, extra: list[str]) -> None:
    done = edgetpu_ci(repository(tmp_path, 91), "run", "--kpis", *extra)
    assert done.returncode == 2
    assert "--kpis measures no model and no device" in done.stderr


def test_a_typo_in_kpis_names_its_place(tmp_path: Path) -> None:
    done = edgetpu_ci(project(tmp_path, rest="kpis: [{use: reprots}]\n"), "run", "--kpis")
    assert done.returncode == 2
    assert "kpis[0]" in done.stderr


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{use: compliance, with: {reviewed: 2099-01-01}}", "`reviewed: 2099-01-01` of `use: compliance` is still to"),
        ("{use: compliance, with: {log_retention_days: {}}}", "has no days under `log_retention_days`"),
        ("{use: cost, with: {runners: {big: linux_5}}}", '`runners` of `use: cost` calls big a "linux_5"'),
        ("{use: github, with: {retention_days: 20}}", "raise `retention_days`"),
        ("{use: github, with: {build_pattern: (}}", "is no regular expression"),
    ],
)
def test_what_is_wrong_in_kpis_is_said_before_anything_is_asked(tmp_path: Path, step: str, said: str) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(f"kpis: [{step}]\n")
    done = edgetpu_ci(tmp_path, "run", "--kpis")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_run_without_collect_points_to_kpis(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(KPIS)
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 2
    assert "`edgetpu-ci run --kpis` collects `kpis`" in done.stderr


def test_show_prints_the_five_groups_of_the_newest_reports(tmp_path: Path) -> None:
    edgetpu_ci(repository(tmp_path, 91), "run", "--kpis")
    edgetpu_ci(tmp_path, "run")
    done = edgetpu_ci(tmp_path, "kpi", "show", "--json")
    known = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert known["code_quality"]["test_coverage"] == 91
    assert known["benchmark_performance"]["average_throughput_fps"] > 0
    assert known["system_health"]["error_rate_percent"] == 0
    assert known["complete"] is True
    assert "commits_per_week" in known["unknown"]
    assert "test coverage" in edgetpu_ci(tmp_path, "kpi", "show").stdout


def test_show_takes_a_named_report_and_says_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(kpi_reports.kpis_two_breaches()))
    assert "✗ KPIs failed: 2 below their limit" in edgetpu_ci(tmp_path, "kpi", "show", "r.json").stdout
    nothing = edgetpu_ci(tmp_path, "kpi", "show")
    assert nothing.returncode == 2
    assert "no report of KPIs in the store yet; `edgetpu-ci run --kpis` keeps one" in nothing.stderr


def test_list_has_every_group(tmp_path: Path) -> None:
    said = edgetpu_ci(tmp_path, "kpi", "list").stdout
    assert said.startswith("Code quality\n  test_coverage")
    assert "Development velocity" in said
    assert "Reliability" in said


def test_explain_prints_definition_formula_source_and_permission_by_any_name(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "kpi", "explain", "build_time")
    assert done.returncode == 0
    assert done.stdout.startswith("build_time_seconds: how long a build takes\n")
    for part in (
        "lower is better",
        "collected by `use: github`",
        "also called  build_time",
        "formula ",
        "source ",
        "permission   actions: read",
    ):
        assert part in done.stdout


def test_explain_knows_the_metrics_of_benchmarks_too(tmp_path: Path) -> None:
    said = edgetpu_ci(tmp_path, "kpi", "explain", "p99_latency_ms").stdout
    assert said.startswith("latency_p99_ms: 99th percentile")
    assert "formula" not in said


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("PR merge time", "pr_merge_time_hours"),
        ("test coverage", "test_coverage"),
        ("stale", "stale_percent"),
        ("repository/code_coverage", "test_coverage"),
        ("ci.yml/workflow_success_rate", "workflow_success_rate"),
    ],
)
def test_explain_takes_what_the_report_calls_them(tmp_path: Path, called: str, name: str) -> None:
    done = edgetpu_ci(tmp_path, "kpi", "explain", called)
    assert done.stdout.startswith(f"{name}: "), done.stderr


def test_a_gate_that_nobody_knows_is_told_before_anything_is_collected(tmp_path: Path) -> None:
    folder = repository(tmp_path, 91)
    config = (folder / "edgetpu-ci.yml").read_text()
    (folder / "edgetpu-ci.yml").write_text(config.replace("code_coverage:", "our_own: {minimum: 1}\n  code_covrage:"))
    said = 'quality_gates.code_covrage: no metric of ours is called code_covrage; did you mean "code_coverage"?'
    run, looked = edgetpu_ci(folder, "run", "--kpis"), edgetpu_ci(folder, "doctor")
    assert said in run.stderr
    assert said in looked.stdout
    assert "our_own" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "rest", "said"),
    [
        (("run", "--kpis"), "kpis: [{use: githb}]", 'no collect plugin "githb"; did you mean "github"?'),
        (("kpi", "shwo"), "", 'did you mean "show"?'),
        (("rnu",), "", 'did you mean "run"?'),
    ],
)
def test_a_misspelt_word_is_answered_with_the_right_one(
    tmp_path: Path, arguments: tuple[str, ...], rest: str, said: str
) -> None:
    done = edgetpu_ci(project(tmp_path, rest=f"{rest}\n"), *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_doctor_speaks_of_no_baseline_where_nothing_is_measured_on_a_machine(tmp_path: Path) -> None:
    (repository(tmp_path, 91) / "edgetpu-ci.yml").write_text(KPIS)
    assert "baseline" not in edgetpu_ci(tmp_path, "doctor").stdout


def test_no_name_of_the_list_runs_into_its_unit(tmp_path: Path) -> None:
    for line in edgetpu_ci(tmp_path, "kpi", "list").stdout.splitlines():
        if line.startswith("  "):
            assert metrics.is_known(line.split("  ")[1]), line


def test_explain_suggests_what_may_have_been_meant(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "kpi", "explain", "code_covrage")
    assert done.returncode == 2
    assert 'No metric is called code_covrage; did you mean "code_coverage"?' in done.stderr
    other = edgetpu_ci(tmp_path, "kpi", "explain", "::error::x")
    assert other.returncode == 2
    assert "::error" not in other.stderr


def test_table_prints_csv_and_writes_parquet(tmp_path: Path) -> None:
    import pandas as pd

    for name, report in (("a.json", kpi_reports.kpis_all_well()), ("b.json", reports.regressed())):
        (tmp_path / name).write_bytes(codec.encode_json(report))
    printed = edgetpu_ci(tmp_path, "table", "a.json", "b.json")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith("report,at,commit,branch,")
    done = edgetpu_ci(tmp_path, "table", "a.json", "b.json", "--output", "all.parquet")
    assert "table  all.parquet   # 2 reports" in done.stdout
    assert len(pd.read_parquet(tmp_path / "all.parquet")) == len(printed.stdout.splitlines()) - 1


def test_table_takes_the_whole_store_by_default(tmp_path: Path) -> None:
    edgetpu_ci(repository(tmp_path, 91), "run", "--kpis")
    assert ",test_coverage,91.0,%," in edgetpu_ci(tmp_path, "table").stdout


def test_table_refuses_another_suffix_before_it_reads_anything(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "table", "missing.json", "--output", "x.xls")
    assert done.returncode == 2
    assert "name a file that ends in .csv or .parquet" in done.stderr
