"""What started a job, and where measuring is refused."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import event
from edgetpu_ci.errors import ConfigError, RefusedError
from edgetpu_ci.world import Ran, run_process
from tests.fakes import actions
from tests.fakes.actions import HEAD, job
from tests.fakes.world import world


def test_a_pull_request_is_measured_at_its_head_and_not_at_the_merge(tmp_path: Path) -> None:
    read = event.read(job(tmp_path, "pull_request", actions.pull_request(), env={"GITHUB_REF": "refs/pull/7/merge"}))
    assert (read.commit, read.branch, read.pull_request) == (HEAD, "faster", 7)
    assert read.repository == "acme/detector"
    assert read.run_url == "https://github.example/acme/detector/actions/runs/31"
    assert not read.fork
    assert read.public


@pytest.mark.parametrize(
    ("head", "env", "fork"),
    [
        (actions.repository(actions.OURS), {}, False),
        (actions.repository(actions.THEIRS, "mallory"), {}, True),
        (actions.repository(actions.THEIRS, "acme"), {}, True),
        ({"full_name": "acme/detector"}, {}, True),
        (actions.repository(actions.OURS), {"GITHUB_ACTOR": "dependabot[bot]"}, True),
    ],
    ids=["same repository", "another owner", "a lookalike name", "no id", "Dependabot"],
)
def test_a_fork_is_known_by_the_ids_of_its_repositories(
    tmp_path: Path, head: dict[str, Any], env: dict[str, str], *, fork: bool
) -> None:
    assert event.read(job(tmp_path, "pull_request", actions.pull_request(head=head), env=env)).fork is fork


def test_a_pull_request_whose_repository_is_gone_counts_as_a_fork(tmp_path: Path) -> None:
    payload = actions.pull_request()
    payload["pull_request"]["head"]["repo"] = None
    read = event.read(job(tmp_path, "pull_request", payload))
    assert read.fork
    assert (read.head_owner, read.head_repository_id) == ("", None)


def test_without_ids_nobody_is_taken_for_one_of_us(tmp_path: Path) -> None:
    payload = actions.pull_request(head={"full_name": "acme/detector"})
    payload["pull_request"]["base"]["repo"] = {"full_name": "acme/detector"}
    assert event.read(job(tmp_path, "pull_request", payload)).fork


def test_a_repository_counts_as_public_until_it_is_said_to_be_private(tmp_path: Path) -> None:
    assert event.read(job(tmp_path, "push", {})).public
    assert event.read(job(tmp_path, "schedule", {}, env={"GITHUB_EVENT_PATH": ""})).public


def test_a_finished_run_stands_for_the_commit_it_measured(tmp_path: Path) -> None:
    read = event.read(job(tmp_path, "workflow_run", actions.workflow_run()))
    assert (read.commit, read.branch, read.fork) == (HEAD, "faster", True)
    assert (read.head_owner, read.head_branch, read.head_repository_id) == ("mallory", "faster", actions.THEIRS)
    assert read.run_url.endswith(f"/actions/runs/{actions.RUN_ID}")
    assert read.pull_request is None


def test_a_merge_group_is_measured_at_its_head(tmp_path: Path) -> None:
    group = {"head_sha": HEAD, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7"}
    read = event.read(job(tmp_path, "merge_group", {"merge_group": group}))
    assert (read.commit, read.branch) == (HEAD, "gh-readonly-queue/main/pr-7")


@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch"])
def test_other_events_are_measured_at_the_commit_of_the_job(tmp_path: Path, name: str) -> None:
    read = event.read(job(tmp_path, name, {"repository": actions.repository(actions.OURS, private=True)}))
    assert (read.name, read.commit, read.branch, read.public) == (name, "5" * 40, "main", False)


def test_a_tag_is_no_branch(tmp_path: Path) -> None:
    assert event.read(job(tmp_path, "push", {}, env={"GITHUB_REF": "refs/tags/v1"})).branch == ""


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b'{"pull_request": 5}', b'{"pull_request": {"number": "7; rm"}}', b"\xff", b"[" * 100_000],
)
def test_a_payload_that_cannot_be_read_is_said(tmp_path: Path, payload: bytes) -> None:
    with pytest.raises(ConfigError, match=r"GITHUB_EVENT_PATH\) cannot be read"):
        event.read(job(tmp_path, "pull_request", payload))


def test_a_payload_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="more than the"):
        event.read(job(tmp_path, "push", b" " * (event.MAX_PAYLOAD_BYTES + 5) + b"{}"))


def test_a_payload_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        event.read(job(tmp_path, "push", {}, env={"GITHUB_EVENT_PATH": str(tmp_path / "gone.json")}))


def test_outside_actions_git_tells_commit_and_branch(tmp_path: Path) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "init", "-q", "-b", "faster", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    read = event.read(world(tmp_path, run=run_process))
    assert re.fullmatch("[0-9a-f]{40}", read.commit)
    assert read == event.Event(commit=read.commit, branch="faster")


def test_outside_actions_a_clone_tells_which_branch_is_the_main_one(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    identity = ("-c", "user.name=octocat", "-c", "user.email=octocat@example.com")
    subprocess.run(["git", "init", "-q", "-b", "trunk", source], check=True)
    subprocess.run(["git", "-C", source, *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    subprocess.run(["git", "clone", "-q", source, clone], check=True)
    assert event.read(world(clone, run=run_process)).main == "trunk"
    subprocess.run(["git", "-C", clone, "switch", "-q", "-c", "faster"], check=True)
    read = event.read(world(clone, run=run_process))
    assert (read.branch, read.main) == ("faster", "trunk")
    subprocess.run(["git", "-C", clone, "switch", "-q", "--detach"], check=True)
    assert event.read(world(clone, run=run_process)).main == "", "so other CI services check main out"


def test_outside_actions_and_outside_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert event.read(world(tmp_path)) == event.Event()


def test_without_git_nothing_is_known(tmp_path: Path) -> None:
    def no_git(_argv: Sequence[str], _stdin: bytes, _timeout: float) -> Ran:
        raise FileNotFoundError

    assert event.read(world(tmp_path, run=no_git)) == event.Event()


def test_pull_request_target_is_refused_whatever_is_allowed(tmp_path: Path) -> None:
    outside = job(tmp_path, "pull_request_target", actions.pull_request())
    with pytest.raises(RefusedError, match="measure under `on: pull_request`"):
        event.refuse_unsafe(event.read(outside), outside, allow_forks=True)


def test_measuring_for_a_fork_in_the_trusted_workflow_is_refused(tmp_path: Path) -> None:
    outside = job(tmp_path, "workflow_run", actions.workflow_run())
    with pytest.raises(RefusedError, match="Under `workflow_run`"):
        event.refuse_unsafe(event.read(outside), outside, allow_forks=True)


def _refused(folder: Path, payload: dict[str, Any], runner: str | None, *, allow_forks: bool = False) -> bool:
    outside = job(folder, "pull_request", payload, env={} if runner is None else {"RUNNER_ENVIRONMENT": runner})
    try:
        event.refuse_unsafe(event.read(outside), outside, allow_forks=allow_forks)
    except RefusedError as refusal:
        assert "allow_forks: true" in str(refusal)  # noqa: PT017 - what it says is the point
        return True
    return False


def test_a_fork_does_not_get_onto_a_machine_of_ours_unless_allowed(tmp_path: Path) -> None:
    fork = actions.pull_request(head=actions.repository(actions.THEIRS, "mallory"))
    private = actions.pull_request(head=actions.repository(actions.THEIRS, "mallory"), private=True)
    assert _refused(tmp_path, fork, "self-hosted")
    assert not _refused(tmp_path, fork, "self-hosted", allow_forks=True)
    assert not _refused(tmp_path, fork, "github-hosted")
    assert not _refused(tmp_path, private, "self-hosted")
    assert not _refused(tmp_path, actions.pull_request(), "self-hosted")


@pytest.mark.parametrize("runner", [None, "", "GitHub-Hosted", "elsewhere"])
def test_a_runner_that_does_not_say_it_is_githubs_counts_as_ours(tmp_path: Path, runner: str | None) -> None:
    fork = actions.pull_request(head=actions.repository(actions.THEIRS, "mallory"))
    assert _refused(tmp_path, fork, runner)
    assert not _refused(tmp_path, fork, runner, allow_forks=True)
    assert not _refused(tmp_path, actions.pull_request(), runner)
