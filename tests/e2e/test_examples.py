"""The workflows users copy, as they stand in examples/."""

import io
import zipfile
from pathlib import Path

from tests.e2e import act
from tests.e2e.act import CONFIG, Repository
from tests.fakes import actions
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
        github.upload(actions.RUN_ID, ARTIFACT, _zip(report))
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
    assert "has no artifact edgetpu-ci-report; the measuring job must upload report.json under it" in job.log


def _zip(report: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", report)
    return packed.getvalue()
