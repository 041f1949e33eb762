"""The Action in a workflow on pull requests, as `act` runs it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from edgetpu_ci import reference
from tests.e2e.act import CONFIG, MODEL, WORKFLOW, Job, Repository
from tests.fakes import actions
from tests.fakes.emulate import emulate
from tests.fakes.github import BOT, FakeGitHub

REPORT = "edgetpu-ci-report/report.json"
NOT_LOGGED = {"logs": "", "log-retention": ""}
DAYS = {"DEBUG": 7, "INFO": 30, "WARNING": 90, "ERROR": 365, "CRITICAL": 365}
IMPOSSIBLE = [{"match": "*/throughput_fps", "min": 1e12}]


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub that holds every request against its own description."""
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


def on_pull_request(repository: Repository, github: FakeGitHub, **parts: Any) -> Job:
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
    return repository.act("pull_request", actions.pull_request(**{"base": repository.head, **parts}), env)


def test_a_good_pull_request_passes_and_gets_one_comment(repository: Repository, github: FakeGitHub) -> None:
    job = on_pull_request(repository, github)
    assert job.passed, job.log
    assert job.outputs == {"status": "passed", "report": REPORT, "commented": "true", "opened": "0", **NOT_LOGGED}
    (comment,) = github.comments(7)
    assert comment.author == BOT
    assert "passed" in comment.body
    assert "passed" in job.summary
    assert job.said("error") == []


def test_a_pull_request_that_makes_a_model_slower_is_told_so_and_by_how_much(
    repository: Repository, github: FakeGitHub
) -> None:
    base = repository.head
    repository.write(MODEL, reference.build(96, 0.35))
    # Enough inferences in each round that a runner which does other work too cannot hide the change.
    inference = {"use": "inference", "with": {"models": ["models/*.tflite"], "count": 200, "seconds": 0.05}}
    repository.write("edgetpu-ci.yml", {**CONFIG, "collect": [inference]})
    job = on_pull_request(repository, github, base=base, sha=repository.commit())
    assert job.outputs["status"] == "failed", job.log
    (comment,) = github.comments(7)
    assert comment.body.splitlines()[1].startswith("### ❌ Edge TPU CI: 1 slower on ")
    assert f"Base: merge base with main ({base[:7]}) · measured in turns on this machine, " in comment.body
    assert "at most 1 % worse" in comment.body


def test_a_pull_request_whose_base_is_not_to_be_had_says_how_to_have_it(
    repository: Repository, github: FakeGitHub
) -> None:
    job = on_pull_request(repository, github, base="b" * 40)
    assert job.passed, job.log
    (warning,) = job.said("warning")
    assert "Not compared with the base" in warning
    assert "fetch-depth: 0" in warning


def test_a_failed_rule_fails_the_job_and_still_hands_on_the_report(repository: Repository, github: FakeGitHub) -> None:
    repository.write("edgetpu-ci.yml", {**CONFIG, "rules": IMPOSSIBLE, "observability": {"logs": {}}})
    job = on_pull_request(repository, github)
    assert not job.passed
    logged = {"logs": ".edgetpu-ci/logs", "log-retention": json.dumps(DAYS, separators=(",", ":"))}
    assert job.outputs == {"status": "failed", "report": REPORT, "commented": "true", "opened": "0", **logged}
    assert len(job.said("error")) == 1
    assert "failed" in github.comments(7)[0].body


def test_a_second_run_edits_the_comment(repository: Repository) -> None:
    with emulate() as github:
        number, head = github.open_pull_request()
        env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
        payload = actions.pull_request(number, sha=head, base=repository.head)
        assert repository.act("pull_request", payload, env).passed
        (before,) = github.comments(number)
        repository.write("edgetpu-ci.yml", {**CONFIG, "rules": IMPOSSIBLE})
        assert not repository.act("pull_request", payload, env).passed
        (after,) = github.comments(number)
        assert github.violations == []
    assert (after.id, after.author) == (before.id, BOT)
    assert "failed" in after.body
    assert "failed" not in before.body


def test_a_fork_whose_token_only_reads_stays_green_with_one_warning(repository: Repository, github: FakeGitHub) -> None:
    github.read_only = True
    fork = actions.repository(actions.THEIRS, "mallory")
    head = {"sha": actions.HEAD, "ref": "faster", "repo": fork}
    job = on_pull_request(repository, github, head=head)
    assert job.passed, job.log
    assert job.outputs["commented"] == "false"
    (warning,) = job.said("warning")
    assert "examples/fork-safe" in warning
    assert github.comments(7) == []


def test_an_enterprise_server_is_asked_below_its_path(repository: Repository) -> None:
    with FakeGitHub(base_path="/api/v3") as github:
        assert on_pull_request(repository, github).outputs["commented"] == "true"
        assert github.violations == []


def test_a_token_github_does_not_take_changes_no_verdict(repository: Repository, github: FakeGitHub) -> None:
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": "ghs_expired"}
    job = repository.act("pull_request", actions.pull_request(base=repository.head), env)
    assert job.passed, job.log
    assert job.outputs == {"status": "passed", "report": REPORT, "commented": "false", "opened": "0", **NOT_LOGGED}
    (warning,) = job.said("warning")
    assert "401" in warning


def test_pull_request_target_is_refused_before_anything_is_measured(repository: Repository, github: FakeGitHub) -> None:
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
    job = repository.act("pull_request_target", actions.pull_request(), env)
    assert not job.passed
    (error,) = job.said("error")
    assert error.startswith("Under `pull_request_target`")
    assert job.outputs == {"status": "", "report": "", "commented": "", "opened": "", **NOT_LOGGED}
    assert github.requests == []


@pytest.mark.parametrize("event", ["push", "merge_group", "schedule", "workflow_dispatch"])
def test_other_events_are_measured_without_a_comment(repository: Repository, github: FakeGitHub, event: str) -> None:
    workflow = yaml.safe_load(WORKFLOW)
    triggers = {"schedule": {"schedule": [{"cron": "1 2 * * *"}]}}
    del workflow[True]
    repository.write(".github/workflows/edgetpu-ci.yml", {"on": triggers.get(event, event), **workflow})
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
    job = repository.act(event, {"repository": actions.repository(actions.OURS)}, env)
    assert job.passed, job.log
    assert job.outputs == {"status": "passed", "report": REPORT, "commented": "false", "opened": "0", **NOT_LOGGED}
    assert github.requests == []


def test_an_action_of_the_users_may_use_ours(repository: Repository, github: FakeGitHub) -> None:
    repository.write(
        "bench/action.yml",
        "outputs: {verdict: {value: '${{ steps.inner.outputs.status }}'}}\n"
        "runs:\n"
        "  using: composite\n"
        "  steps:\n"
        "    - {id: inner, uses: edgetpu-ci/edgetpu-ci@v1, with: {config: bench/config.yml}}\n",
    )
    repository.write("bench/config.yml", CONFIG)
    repository.write("edgetpu-ci.yml", "not: ours\n")
    workflow = WORKFLOW.replace("edgetpu-ci/edgetpu-ci@v1", "./bench")
    repository.write(".github/workflows/edgetpu-ci.yml", workflow)
    job = on_pull_request(repository, github)
    assert job.passed, job.log
    assert job.outputs["verdict"] == "passed"
    assert len(github.comments(7)) == 1


def test_two_jobs_at_once_leave_one_comment(repository: Repository, github: FakeGitHub) -> None:
    workflow = yaml.safe_load(WORKFLOW)
    twice = {"on": "pull_request", "jobs": dict.fromkeys(("one", "two"), workflow["jobs"]["benchmark"])}
    repository.write(".github/workflows/edgetpu-ci.yml", twice)
    job = on_pull_request(repository, github)
    assert job.passed, job.log
    assert [line["jobResult"] for line in job.lines if "jobResult" in line] == ["success", "success"]
    assert len(github.comments(7)) == 1


def test_a_configuration_that_is_missing_is_one_sentence(repository: Repository, github: FakeGitHub) -> None:
    (repository.folder / "edgetpu-ci.yml").unlink()
    job = on_pull_request(repository, github)
    assert not job.passed
    (error,) = job.said("error")
    assert error.startswith("There is no edgetpu-ci.yml; `edgetpu-ci init` writes one")
    assert "Traceback" not in job.log


def test_the_report_of_a_run_is_what_the_output_names(repository: Repository, github: FakeGitHub) -> None:
    keep = "      - run: mkdir -p $ARTIFACTS && cp ${{ steps.edgetpu-ci.outputs.report }} $ARTIFACTS\n"
    repository.write(".github/workflows/edgetpu-ci.yml", WORKFLOW + keep)
    assert on_pull_request(repository, github).passed
    report = json.loads((repository.artifacts / "report.json").read_bytes())
    assert report["run"]["commit"] == actions.HEAD
    assert report["run"]["pull_request"] == 7
