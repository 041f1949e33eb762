"""Accepting on a pull request: only who may write, only of the head that was measured."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import approval, event, reference
from edgetpu_ci.errors import DeniedError
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Approval, BaseKind, Status, Verdict
from tests.fakes import actions, repository
from tests.fakes.actions import HEAD
from tests.fakes.github import FakeGitHub
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import AT

LABEL = "edgetpu-ci: accept"
PUSHED = AT
BEFORE, AFTER = PUSHED - timedelta(minutes=5), PUSHED + timedelta(minutes=5)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub whose description every request keeps to; ada may write, eve may read."""
    with FakeGitHub(permissions={"ada": "write", "root": "admin", "eve": "read"}) as fake:
        yield fake
        assert fake.violations == []


def read(folder: Path, github: FakeGitHub, name: str = "pull_request", **changed: Any) -> tuple[Approval, ...]:
    payload = actions.pull_request(7)
    payload["pull_request"]["updated_at"] = f"{PUSHED:%FT%TZ}"
    payload |= changed
    world = actions.job(folder, name, payload, github=lambda: actions.connect(github.url, github.token))
    return approval.read(event.read(world), LABEL, ["mobilenet", "yolo", "my bench", "my"], world)


def labelled(github: FakeGitHub, login: str, at: datetime, kind: str = "labeled", name: str = LABEL) -> None:
    github.happen(kind, login, at, label={"name": name, "color": "ededed"})


def test_a_label_set_after_the_push_accepts_in_the_name_of_who_set_it(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", AFTER)
    assert read(tmp_path, github) == (Approval(by="ada", how="by label, set by"),)
    assert github.asked == [
        "GET /repos/acme/detector/issues/7/timeline",
        "GET /repos/acme/detector/collaborators/ada/permission",
    ]


def test_a_label_from_before_the_push_does_not_cover_it(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", BEFORE)
    assert read(tmp_path, github) == ()
    labelled(github, "ada", PUSHED)
    assert read(tmp_path, github) == ()


@pytest.mark.parametrize("login", ["eve", "stranger", "github-actions[bot]", ""])
def test_who_may_not_write_accepts_nothing(tmp_path: Path, github: FakeGitHub, login: str) -> None:
    labelled(github, login, AFTER)
    github.happen("commented", login, AFTER, body="/edgetpu-ci accept * meant")
    github.happen("reviewed", login, AFTER, body="/edgetpu-ci accept * meant", commit_id=HEAD)
    assert read(tmp_path, github) == ()


def test_another_label_and_one_that_was_taken_off_are_none(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", AFTER, name="bug")
    labelled(github, "ada", AFTER)
    labelled(github, "eve", AFTER + timedelta(seconds=1), kind="unlabeled")
    assert read(tmp_path, github) == ()


def test_a_head_that_was_forced_back_needs_a_new_word(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", AFTER)
    github.happen("commented", "ada", AFTER, body="/edgetpu-ci accept * meant")
    github.happen("head_ref_force_pushed", "eve", AFTER + timedelta(minutes=1))
    assert read(tmp_path, github) == ()


def test_the_run_that_a_label_starts_is_covered_by_it(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", PUSHED)
    assert read(tmp_path, github, action="labeled", label={"name": "bug"}) == ()
    assert [one.by for one in read(tmp_path, github, action="labeled", label={"name": LABEL})] == ["ada"]
    assert read(tmp_path, github, action="synchronize", label={"name": LABEL}) == ()


def test_a_comment_names_a_model_or_all_and_a_reason(tmp_path: Path, github: FakeGitHub) -> None:
    for body in (
        "/edgetpu-ci accept",
        "/edgetpu-ci accept yolo",
        "please /edgetpu-ci accept this",
        "> /edgetpu-ci accept quoted",
        "/edgetpu-ci acceptable",
        "/edgetpu-ci accept yolo larger inputs\nand more words",
        "/edgetpu-ci accept needed for accuracy",
        "/edgetpu-ci accept *",
        "/edgetpu-ci accept yollo larger inputs",
        "/edgetpu-ci accept * needed for accuracy",
        "/edgetpu-ci accept `my bench`: slower disk",
    ):
        github.happen("commented", "root", AFTER, body=body)
    assert read(tmp_path, github) == (
        Approval(by="root", how="in a comment by", subject="yolo", reason="larger inputs"),
        Approval(by="root", how="in a comment by", reason="needed for accuracy"),
        Approval(by="root", how="in a comment by", subject="my bench", reason="slower disk"),
    )


@pytest.mark.parametrize("state", ["dismissed", "pending"])
def test_a_review_that_was_taken_back_is_none(tmp_path: Path, github: FakeGitHub, state: str) -> None:
    github.happen("reviewed", "ada", AFTER, body="/edgetpu-ci accept * meant", commit_id=HEAD, state=state)
    assert read(tmp_path, github) == ()


def test_a_comment_from_before_the_push_is_about_another_head(tmp_path: Path, github: FakeGitHub) -> None:
    github.happen("commented", "ada", BEFORE, body="/edgetpu-ci accept * meant")
    assert read(tmp_path, github) == ()


def test_a_review_accepts_the_commit_it_is_of_and_no_other(tmp_path: Path, github: FakeGitHub) -> None:
    github.happen("reviewed", "ada", AFTER, body="/edgetpu-ci accept * meant", commit_id="d" * 40)
    assert read(tmp_path, github) == ()
    github.happen("reviewed", "ada", BEFORE, body="/edgetpu-ci accept * meant", commit_id=HEAD)
    assert read(tmp_path, github) == (Approval(by="ada", how="in a review by", reason="meant"),)


def test_where_there_is_no_pull_request_nobody_is_asked(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", AFTER)
    assert read(tmp_path, github, name="push", pull_request=None) == ()
    assert github.asked == []


def test_a_timeline_that_may_not_be_read_is_no_acceptance(tmp_path: Path, github: FakeGitHub) -> None:
    labelled(github, "ada", AFTER)
    github.fail(403, message="Resource not accessible by integration")
    with pytest.raises(DeniedError, match="pull-requests: read"):
        read(tmp_path, github)


def verdict(status: Status = "failed", worse_than: BaseKind | None = "base commit", subject: str = "yolo") -> Verdict:
    return Verdict(
        subject=subject,
        metric="throughput_sustained_fps",
        status=status,
        weight="fail",
        because="4.1 % slower",
        worse_than=worse_than,
    )


def test_what_was_accepted_warns_with_who_and_why() -> None:
    (said,) = judge.approved([verdict()], [Approval(by="ada", how="in a comment by", reason="larger inputs")])
    assert said.status == "warned"
    assert said.because == "4.1 % slower; accepted in a comment by ada: larger inputs"


@pytest.mark.parametrize(
    "other",
    [verdict(worse_than="baseline"), verdict(worse_than=None), verdict(subject="mobilenet"), verdict("unknown")],
)
def test_nothing_else_is_accepted_with_it(other: Verdict) -> None:
    assert judge.approved([other], [Approval(by="ada", how="in a comment by", subject="yolo")]) == (other,)


def test_a_run_says_who_accepted_what_became_slower_and_does_not_fail(tmp_path: Path, github: FakeGitHub) -> None:
    folder = repository.create(tmp_path / "repository")
    base = repository.commit(folder, {"m.tflite": reference.build(32, 0.1)}, "fast")
    head = repository.commit(folder, {"m.tflite": reference.build(96, 0.35)}, "slow")
    (folder / "edgetpu-ci.yml").write_text(
        "collect: [{use: inference, with: {models: [m.tflite], seconds: 0.01, count: 20, warmup_seconds: 0}}]\n"
        "rules: [{match: '*/throughput_sustained_fps', worse_by_percent: 5}]\n"
    )
    labelled(github, "ada", AFTER)
    payload = actions.pull_request(7, sha=head)
    payload["pull_request"]["updated_at"] = f"{PUSHED:%FT%TZ}"
    payload["pull_request"]["base"]["sha"] = base
    env = {**actions.job(tmp_path, "pull_request", payload).env, "RUNNER_ENVIRONMENT": "github-hosted"}
    done = edgetpu_ci(folder, "run", **env, GITHUB_TOKEN=github.token, GITHUB_API_URL=github.url)
    said = " ".join(done.stdout.split())
    assert "slower than the base commit; accepted by label, set by ada" in said, done.stdout + done.stderr
    assert done.returncode == 0
