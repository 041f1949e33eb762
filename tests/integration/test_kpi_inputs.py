"""`run --kpis` where what it is to read is missing or wrong: what is a fault of the configuration, and what is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgetpu_ci import app
from tests.fakes.program import LAUNCHER, edgetpu_ci, environment

COVERAGE = json.dumps({"totals": {"covered_lines": 91, "num_statements": 100}})


def configure(folder: Path, *steps: str, rest: str = "") -> Path:
    """A folder with one good report and these steps, each as `use: NAME, with: {...}`."""
    (folder / "coverage.json").write_text(COVERAGE)
    lines = "".join(f"- {{{step}}}\n" for step in steps)
    (folder / "edgetpu-ci.yml").write_text(f"kpis:\n{lines}{rest}")
    return folder


def run(folder: Path) -> tuple[int, str]:
    done = edgetpu_ci(folder, "run", "--kpis")
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join((done.stdout + done.stderr).split())


GOOD = "{path: coverage.json, format: coverage-json}"


@pytest.mark.parametrize(
    ("files", "rest"),
    [
        (f"[{GOOD}, junit.xml]", ""),
        (f"[{GOOD}, 'reports/*.xml']", ""),
        (f"[{GOOD}]", ", sources: ['src/**/*.py']"),
    ],
)
def test_a_report_that_is_not_there_costs_its_own_figures(tmp_path: Path, files: str, rest: str) -> None:
    status, said = run(configure(tmp_path, f"use: reports, with: {{files: {files}{rest}}}"))
    assert status == 0, said
    assert "test coverage" in said
    assert "No file matches" in said
    assert "run the tool that writes it" in said


def test_a_gate_on_the_figure_of_a_missing_report_is_unknown_and_says_why(tmp_path: Path) -> None:
    gates = "quality_gates: {test_pass_rate: {minimum: 90}}\n"
    status, said = run(configure(tmp_path, f"use: reports, with: {{files: [{GOOD}, junit.xml]}}", rest=gates))
    assert status in {0, 5}, said
    assert "? test pass rate: not known (why: below) (min 90)" in said
    assert 'test pass rate: No file matches "junit.xml"' in said


def test_a_run_of_nothing_but_missing_files_measured_nothing(tmp_path: Path) -> None:
    status, said = run(configure(tmp_path, "use: reports, with: {files: [junit.xml, other.json]}"))
    assert status == 3, said
    assert said.count("No file matches") >= 2


def test_a_missing_lock_file_costs_the_figures_of_dependencies(tmp_path: Path) -> None:
    missing = "use: dependencies, with: {files: [no-such.txt]}"
    status, said = run(configure(tmp_path, missing, f"use: reports, with: {{files: [{GOOD}]}}"))
    assert status == 0, said
    assert 'No file matches "no-such.txt"' in said
    shown = json.loads(edgetpu_ci(tmp_path, "kpi", "show", "--json").stdout)
    assert shown["complete"] is False
    assert shown["code_quality"]["test_coverage"] == 91


@pytest.mark.parametrize("verb", [("run", "--kpis"), ("doctor",)])
@pytest.mark.parametrize("option", ["build_pattern", "test_pattern"])
def test_a_pattern_that_is_none_is_a_fault_of_the_configuration(
    tmp_path: Path, option: str, verb: tuple[str, ...]
) -> None:
    folder = configure(tmp_path, f"use: github, with: {{{option}: '('}}", f"use: reports, with: {{files: [{GOOD}]}}")
    done = edgetpu_ci(folder, *verb, GITHUB_REPOSITORY="octo/tools")
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"{option} is no regular expression" in done.stdout + done.stderr


def test_doctor_tells_what_is_not_there_without_a_fault(tmp_path: Path) -> None:
    done = edgetpu_ci(configure(tmp_path, "use: reports, with: {files: [junit.xml]}"), "doctor")
    assert 'No file matches "junit.xml"' in done.stdout


def without(module: str, folder: Path) -> tuple[dict[str, str], set[str]]:
    """Why figures are unknown where a package is not installed, and which are known."""
    program = f"import sys; sys.modules[{module!r}] = None\nfrom edgetpu_ci.cli import run\nsys.exit(run(sys.argv[1:]))"
    here = environment(PYTHONPATH=str(LAUNCHER.parents[1]))
    argv = [sys.executable, "-c", program, "run", "--kpis"]
    done = subprocess.run(argv, cwd=folder, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = app.read_report(folder / "edgetpu-ci-report").run
    assert found.incomplete
    reasons = {one.metric: one.reason for one in found.measurements}
    return reasons, {one.metric for one in found.measurements if one.value is not None}


def test_without_defusedxml_the_figures_of_xml_are_unknown_and_the_others_known(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text('<testsuite><testcase classname="c" name="a" time="1"/></testsuite>')
    reason, known = without("defusedxml", configure(tmp_path, f"use: reports, with: {{files: [{GOOD}, junit.xml]}}"))
    assert "Reading junit.xml needs defusedxml; install it with: pip install 'edgetpu-ci[kpis]'" in reason["tests"]
    assert known == {"test_coverage", "line_coverage"}


def test_without_pypi_simple_the_figures_of_the_index_are_unknown_and_the_others_known(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("alpha==1.0\n")
    packages = "use: pypi, with: {packages: [alpha], statistics: ''}"
    reports = f"use: reports, with: {{files: [{GOOD}]}}"
    reason, known = without("pypi_simple", configure(tmp_path, "use: dependencies", packages, reports))
    for metric in ("package_available", "outdated_dependencies"):
        assert "Reading the package index needs pypi-simple; install it with" in reason[metric]
    assert {"test_coverage", "line_coverage"} <= known
