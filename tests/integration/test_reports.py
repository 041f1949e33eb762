"""Reports that real tools write of a tiny project with faults of all kinds, and the figures made of them by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgetpu_ci import quality
from edgetpu_ci.collect import reports
from edgetpu_ci.model import Measurement
from tests.fakes import tools
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import world


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project, after all tools ran."""
    return tools.make(tmp_path_factory.mktemp("tiny"))


def figures(folder: Path, *files: str | reports.File, sources: tuple[str, ...] = ()) -> dict[str, Measurement]:
    here = world(folder, now=lambda: datetime.now(UTC))
    collected = reports.collect(reports.Options(files=files, sources=sources), here)
    assert not collected.incomplete
    assert {m.subject for m in collected.measurements} <= {"repository"}
    return {m.metric: m for m in collected.measurements}


def values(found: Mapping[str, Measurement]) -> dict[str, float | None]:
    return {metric: None if m.value is None else round(m.value, 3) for metric, m in found.items()}


@pytest.mark.parametrize("file", ["coverage.json", "coverage.xml", "coverage.lcov"])
def test_each_format_of_coverage_says_what_coverage_py_says(made: Path, file: str) -> None:
    found = figures(made, file)
    assert (
        found["test_coverage"].value == json.loads((made / "coverage.json").read_bytes())["totals"]["percent_covered"]
    )
    assert values(found) == {"test_coverage": 75.0, "line_coverage": 72.222, "branch_coverage": 100.0}
    assert found["test_coverage"].details == (
        ("lines", "13 of 18"),
        ("branches", "2 of 2"),
        ("files", file),
    )


def test_one_run_in_three_formats_is_counted_once(made: Path) -> None:
    found = figures(made, "coverage.*")
    assert (found["test_coverage"].value, found["test_coverage"].n) == (75.0, 20)
    assert "1 of the source files" in dict(found["test_coverage"].details)["in several reports"]


def test_junit_is_counted_by_its_cases(made: Path) -> None:
    found = figures(made, "junit.xml")
    rate, flaky, tests = found["test_pass_rate"], found["flaky_tests"], found["tests"]
    assert rate.value == pytest.approx(100 * 5 / 11)
    assert (rate.n, flaky.value, tests.value) == (11, 1, 13)
    assert rate.details[:2] == (("counted", "5 of 11 tests that ran"), ("excluded", "1 skipped, 1 failed as expected"))
    assert tests.details == (("ended", "5 passed, 3 failed, 3 errors, 1 skipped, 1 failed as expected"),)
    assert flaky.details == (("flaky", "tests.test_sums.test_flaky"),)
    assert 0 <= (found["test_execution_time_seconds"].value or 0) < 60


def test_the_suite_itself_counts_otherwise(made: Path) -> None:
    """The trap: 15 and more cases are in a file that says of itself something else."""
    text = (made / "junit.xml").read_text()
    assert f'tests="{text.count("<testcase")}"' not in text


def test_lint_is_scored_by_the_statements_of_coverage(made: Path) -> None:
    found = figures(made, "ruff.json", "coverage.json")
    assert dict(found["linting_score"].details)["of"] == "18 statements that coverage reports have"
    assert values(found)["linting_score"] == 0


def test_lint_is_scored_by_lines_of_sources_without_coverage(made: Path) -> None:
    pylint = figures(made, "pylint.json", sources=("src/**/*.py",))
    again = figures(made, "pylint2.json", sources=("src/**/*.py", "src/tiny/*.py"))
    assert values(pylint) == values(again)
    assert dict(pylint["linting_score"].details)["of"] == "20 lines of `sources` that are not blank"
    said = json.loads((made / "pylint2.json").read_bytes())["statistics"]["messageTypeCount"]
    errors, others = said["error"] + said["fatal"], said["warning"] + said["refactor"] + said["convention"]
    assert pylint["linting_score"].value == pytest.approx(100 * (1 - (5 * errors + others) / 20))
    assert pylint["lint_violations_per_kloc"].value == pytest.approx(1000 * (errors + others) / 20)


def test_lint_without_the_size_of_the_code_has_no_score(made: Path) -> None:
    found = figures(made, "ruff.json")
    assert found["linting_score"].value is None
    assert "add a coverage report, or name `sources`" in found["linting_score"].reason


def test_statistics_of_ruff_count_what_its_list_counts(made: Path) -> None:
    assert values(figures(made, "ruff.json", "coverage.json")) == values(
        figures(made, "ruff-statistics.json", "coverage.json")
    )
    for file in ("ruff-syntax.json", "ruff-syntax-statistics.json"):
        found = figures(made, file, sources=("src/**/*.py",))
        assert dict(found["linting_score"].details)["violations"] == "2 errors", file


def test_ruff_without_a_finding_is_a_full_score(made: Path) -> None:
    assert values(figures(made, "ruff-none.json", "coverage.json"))["linting_score"] == 100


def test_types(made: Path) -> None:
    found = figures(made, "linecount/linecount.txt", "mypy.json")
    assert values(found) == {"type_coverage": 50.0, "type_errors": 5.0}
    assert found["type_coverage"].details == (("functions with types", "3 of 6"),)


def test_bandit_and_ruffs_rules_of_bandit_are_the_same_findings(made: Path) -> None:
    bandit = figures(made, "bandit.json")["security_score"]
    assert bandit.value == 100 - 10 - 3 - 1 - 1
    both = figures(made, "bandit.json", "ruff.sarif")["security_score"]
    assert ("−10 high", "B602 at src/tiny/sums.py:19 (bandit, ruff)") in both.details
    # ruff calls all it finds an error, so that pickle.loads is high here: of one finding the gravest severity counts.
    assert both.value == 100 - 10 - 10 - 1 - 1


def test_zizmors_levels_are_its_own_severities(made: Path) -> None:
    results = json.loads((made / "zizmor.sarif").read_bytes())["runs"][0]["results"]
    costs = {"High": 10, "Medium": 3, "Low": 1}
    found = figures(made, "zizmor.sarif")["security_score"]
    assert found.value == 100 - sum(costs[one["properties"]["zizmor/severity"]] for one in results)
    assert ("−10 high", "zizmor/dangerous-triggers at .github/workflows/ci.yml:1 (zizmor)") in found.details


def test_a_file_bandit_could_not_parse_is_not_safe(made: Path) -> None:
    found = figures(made, "bandit-broken.json")["security_score"]
    assert found.value is None
    assert found.reason.startswith("not known: bandit did not look at all: broken/syntax.py: syntax error")


def test_pip_audit_knows_no_severity_and_calls_what_it_skipped_safe(made: Path) -> None:
    audited = figures(made, "pip-audit.json")["security_score"]
    assert audited.value is None
    assert audited.reason == "not known: between 75 and 99, as no severity is known of GHSA-x84v-xcm2-53pg requests"
    skipped = figures(made, "pip-audit-skipped.json")["security_score"]
    assert "pip-audit did not look at all: tiny: Dependency not found on the index: tiny (0.1)" in skipped.reason
    empty = figures(made, "pip-audit-empty.json")["security_score"]
    assert empty.reason == "not known: pip-audit did not look at all: it lists no package, as in a dry run"


def test_a_vulnerability_in_two_reports_is_one(made: Path) -> None:
    found = figures(made, "pip-audit.json", "cyclonedx.json")
    assert dict(found["security_score"].details)["findings"] == "1 unknown"
    assert found["sbom_components"].value == 2


def test_every_report_is_told_by_its_content(made: Path) -> None:
    expected = {
        "ruff.sarif": "sarif",
        "pylint2.json": "pylint-json2",
        "linecount/linecount.txt": "mypy-linecount",
        "coverage.lcov": "lcov",
        "cyclonedx.json": "cyclonedx",
        "ruff-statistics.json": "ruff",
        "bandit-broken.json": "bandit",
        "pip-audit-empty.json": "pip-audit",
    }
    assert {file: quality.tell((made / file).read_bytes(), file) for file in expected} == expected


def test_a_gate_on_reports_needs_one_step_of_configuration(made: Path, tmp_path: Path) -> None:
    for name in ("coverage.json", "junit.xml"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect:\n- {use: reports, with: {files: [coverage.json, junit.xml]}}\n"
        "rules:\n- {match: '*/code_coverage', min: 80, target: 90}\n- {match: '*/test_execution_time', max: 60}\n"
    )
    ran = edgetpu_ci(tmp_path, "run")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "75 %" in ran.stdout
