"""The workflows users copy, as they stand in examples/."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e import act
from tests.e2e.act import CONFIG, Repository
from tests.fakes import actions, results
from tests.fakes.github import FakeGitHub

FORK = {"sha": actions.HEAD, "ref": "faster", "repo": actions.repository(actions.THEIRS, "mallory")}
ARTIFACT = "edgetpu-ci-report"


def test_one_workflow_measures_comments_and_keeps_the_report(repository: Repository) -> None:
    workflow = act.use(repository, "pull-request.yml")
    with FakeGitHub() as github:
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        job = repository.act("pull_request", actions.pull_request(), env, workflow)
        assert job.passed, job.log
        assert len(github.comments(7)) == 1
        assert github.violations == []
    kept = {path.name for path in (repository.artifacts / ARTIFACT / ARTIFACT).iterdir()}
    assert kept >= {"report.json", "report.md", "chart.png", "samples.json.gz"}


def test_two_workflows_comment_on_what_a_fork_may_only_read(repository: Repository, tmp_path: Path) -> None:
    impossible = [{"match": "*/throughput_fps", "min": 1e12}]
    repository.write("edgetpu-ci.yml", {**CONFIG, "rules": impossible, "publish": [{"use": "job"}]})
    measure = act.use(repository, "fork-safe/measure.yml")
    with FakeGitHub(read_only=True) as github:
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        measured = repository.act("pull_request", actions.pull_request(head=FORK), env, measure)
        assert not measured.passed
        assert measured.outputs["status"] == "failed"
        assert github.requests == []
    report = (repository.artifacts / ARTIFACT / "report.json").read_bytes()

    ours = act.create(tmp_path / "ours", repository.action, repository.tools)
    comment = act.use(ours, "fork-safe/comment.yml")
    with FakeGitHub() as github:
        github.open_pull_request(7, sha=actions.HEAD, owner="mallory", branch="faster", repository_id=actions.THEIRS)
        github.upload(actions.RUN_ID, ARTIFACT, _zip({"report.json": report}))
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        job = ours.act("workflow_run", actions.workflow_run(), env, comment)
        assert job.passed, job.log
        (said,) = github.comments(7)
        assert "failed" in said.body
        assert github.violations == []


def test_a_second_workflow_without_a_report_says_what_is_missing(repository: Repository) -> None:
    comment = act.use(repository, "fork-safe/comment.yml")
    with FakeGitHub() as github:
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        job = repository.act("workflow_run", actions.workflow_run(), env, comment)
        assert github.violations == []
    assert not job.passed
    (error,) = job.said("error")
    assert "has no artifact edgetpu-ci-report; the measuring job must upload report.json under it" in error


BENCHMARK = """\
import shutil, sys
def main():
    (place,) = [word.partition("=")[2] for word in sys.argv if word.startswith("--benchmark-json=")]
    shutil.copy("result.json", place)
"""


def test_what_another_tool_measures_is_gated_by_a_workflow_and_a_step_of_configuration(repository: Repository) -> None:
    workflow = act.use(repository, "any-benchmark.yml")
    repository.write("edgetpu-ci.yml", _configuration_in("any-benchmark.yml"))
    # In the place of pytest and the benchmarks of a user: a package that is there without a network.
    repository.write("stub-1-py3-none-any.whl", _wheel("stub", BENCHMARK, "pytest = stub:main"))
    repository.write("requirements.txt", "./stub-1-py3-none-any.whl\n")
    repository.write("result.json", results.data("pytest-benchmark.json"))
    with FakeGitHub() as github:
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        job = repository.act("pull_request", actions.pull_request(), env, workflow)
        assert job.passed, job.log
        (said,) = github.comments(7)
    assert "test_bench.py::test_join" in said.body
    assert "nothing to compare with yet" in said.body


def _configuration_in(example: str) -> str:
    """The edgetpu-ci.yml that stands in the comments above a workflow."""
    lines = (act.ROOT / "examples" / example).read_text().splitlines()
    return "".join(f"{line.removeprefix('#   ')}\n" for line in lines if line.startswith("#   "))


def _wheel(name: str, code: str, script: str) -> bytes:
    """A package of one module that installs one program."""
    about = f"{name}-1.dist-info"
    files = {
        f"{name}.py": code,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": f"[console_scripts]\n{script}\n",
        f"{about}/RECORD": "",
    }
    return _zip(files)


def test_a_runner_is_tested_each_night_and_remembered(repository: Repository, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    rule = {"match": "*/throughput_sustained_fps", "worse_by_percent": 99_999}
    store = {"use": "folder", "with": {"path": str(kept)}}
    repository.write("edgetpu-ci.yml", {**CONFIG, "rules": [rule], "compare": {"budget_seconds": 0}, "store": store})
    workflow = act.use(repository, "selftest.yml")
    repository.commit()
    job = repository.act("workflow_dispatch", {}, {}, workflow)
    assert job.passed, job.log
    assert "can just be told from none here" in job.log
    assert len(list((kept / "state").glob("selftest-*"))) == 1


TESTS = """\
import json, pathlib
def main():
    totals = {"covered_lines": int(pathlib.Path("covered").read_text()), "num_statements": 100}
    pathlib.Path("reports").mkdir(exist_ok=True)
    pathlib.Path("reports/coverage.json").write_text(json.dumps({"totals": totals}))
"""


def test_key_figures_are_collected_from_the_reports_of_the_tests_before_and_kept_for_the_next_run(
    repository: Repository,
) -> None:
    workflow = act.use(repository, "kpis/kpis.yml")
    files = [{"path": "reports/coverage.json", "format": "coverage-json"}]
    gates = {"code_coverage": {"minimum": 80, "target": 90}, "performance_regression": {"maximum": 10}}
    kpis = [{"use": "reports", "with": {"files": files}}]
    repository.write("edgetpu-ci.yml", {**CONFIG, "kpis": kpis, "quality_gates": gates})
    # In the place of pytest, bandit and pip-audit: a package that is there without a network.
    scripts = "".join(f"{name} = stub:main\n" for name in ("pytest", "bandit", "pip-audit"))
    repository.write("stub-1-py3-none-any.whl", _wheel("stub", TESTS, scripts))
    repository.write("requirements.txt", "./stub-1-py3-none-any.whl\n")
    repository.write("covered", "91")
    repository.commit()
    first = repository.act("workflow_dispatch", {}, {}, workflow)
    assert first.passed, first.log
    assert "### ✅ edgetpu-ci KPIs: 1 as it should be" in first.summary
    repository.write("covered", "71")
    repository.commit()
    second = repository.act("workflow_dispatch", {}, {}, workflow)
    assert not second.passed
    assert "### ❌ edgetpu-ci KPIs: 1 below its limit" in second.summary
    assert "| ❌ | test coverage | 71 % |" in second.summary
    assert "█▁" in second.summary
    kept = {path.name for path in (repository.artifacts / "edgetpu-ci-kpis" / ARTIFACT).iterdir()}
    assert kept >= {"report.json", "report.md", "chart.png"}


def test_a_push_is_measured_on_the_device_by_the_reusable_workflow(repository: Repository) -> None:
    workflow = act.use(repository, "self-hosted.yml")
    repository.commit()
    job = repository.act("push", {}, {}, workflow)
    assert job.passed, job.log
    kept = {path.name for path in (repository.artifacts / ARTIFACT / ARTIFACT).iterdir()}
    assert kept >= {"report.json", "report.md"}


def test_a_pull_request_with_the_label_is_measured_on_the_device(repository: Repository) -> None:
    workflow = act.use(repository, "label.yml")
    job = repository.act("pull_request", _labelled(actions.pull_request()), {}, workflow)
    assert job.passed, job.log
    assert (repository.artifacts / ARTIFACT / ARTIFACT / "report.json").exists()


def test_a_fork_does_not_reach_the_device_whatever_its_label(repository: Repository) -> None:
    workflow = act.use(repository, "label.yml")
    job = repository.act("pull_request", _labelled(actions.pull_request(head=FORK)), {}, workflow)
    assert not job.passed
    assert "Job 'trusted' failed" in job.stderr
    assert not repository.artifacts.exists()


def _labelled(payload: dict[str, Any]) -> dict[str, Any]:
    labels = [{"name": "measure on the device"}]
    return {**payload, "pull_request": {**payload["pull_request"], "labels": labels}}


def _zip(files: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
