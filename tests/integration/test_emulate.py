"""The publishers against a GitHub that nobody here wrote."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.model import Report
from edgetpu_ci.publish import check, pull_request
from edgetpu_ci.render import markdown
from edgetpu_ci.world import World
from tests.fakes import actions, reports
from tests.fakes.emulate import Emulated, emulate
from tests.fakes.github import BOT


@pytest.fixture
def github() -> Iterator[Emulated]:
    """The emulator, asked for nothing that GitHub's own description does not know."""
    with emulate() as emulated:
        yield emulated
        assert emulated.violations == []


def job(folder: Path, github: Emulated, name: str, payload: dict[str, Any]) -> World:
    """A job with its own token."""
    return actions.job(
        folder,
        name,
        payload,
        env={"GITHUB_API_URL": github.url},
        github=lambda: actions.connect(github.url, github.token),
    )


def on_pull_request(folder: Path, github: Emulated, number: int, sha: str = actions.HEAD) -> World:
    return job(folder, github, "pull_request", actions.pull_request(number, sha=sha))


def comment(world: World, report: Report) -> str:
    outputs: dict[str, str] = pull_request.publish(pull_request.Options(), report, world)
    return outputs["commented"]


def test_a_comment_is_created_then_edited_then_taken_back(tmp_path: Path, github: Emulated) -> None:
    number, _ = github.open_pull_request()
    world = on_pull_request(tmp_path, github, number)
    for report, withdrawn in ((reports.regressed(), False), (reports.all_clear(), True)):
        assert comment(world, report) == "true"
        (shown,) = github.comments(number)
        assert shown.author == BOT
        assert shown.body.startswith(markdown.comment(report, withdrawn=withdrawn).strip())


def test_ours_is_found_on_the_second_page(tmp_path: Path, github: Emulated) -> None:
    number, _ = github.open_pull_request()
    for line in range(100):
        github.say(number, f"chatter {line}")
    world = on_pull_request(tmp_path, github, number)
    for report in (reports.first_run(), reports.regressed()):
        assert comment(world, report) == "true"
    mine = [request for request in github.requests if request.verb != "GET"]
    assert [request.verb for request in mine] == ["POST", "PATCH"]


def test_a_comment_of_ada_with_our_marker_stays_hers(tmp_path: Path, github: Emulated) -> None:
    number, _ = github.open_pull_request()
    github.say(number, f"{markdown.marker('default')}\nmine")
    comment(on_pull_request(tmp_path, github, number), reports.regressed())
    assert [shown.author for shown in github.comments(number)] == ["ada", BOT]


def test_a_persons_token_comments_under_the_persons_name(tmp_path: Path, github: Emulated) -> None:
    number, _ = github.open_pull_request()
    github.token = github.personal_token
    world = on_pull_request(tmp_path, github, number)
    for report in (reports.first_run(), reports.regressed()):
        assert comment(world, report) == "true"
    assert [shown.author for shown in github.comments(number)] == ["ada"]


def test_a_pull_request_that_does_not_exist_is_said(tmp_path: Path, github: Emulated) -> None:
    with pytest.raises(DeliveryError, match=r"GitHub answered 404 .* to GET /repos/acme/detector/issues/99/comments"):
        comment(on_pull_request(tmp_path, github, 99), reports.regressed())


def test_three_jobs_at_once_leave_one_comment(tmp_path: Path, github: Emulated) -> None:
    number, _ = github.open_pull_request()

    def one_job(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        comment(on_pull_request(folder, github, number), reports.regressed())

    threads = [threading.Thread(target=one_job, args=[name]) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(github.comments(number)) == 1


def test_the_trusted_workflow_finds_the_pull_request_and_comments(tmp_path: Path, github: Emulated) -> None:
    number, head = github.open_pull_request()
    payload = actions.workflow_run("acme", github.repository_id(), sha=head)
    assert comment(job(tmp_path, github, "workflow_run", payload), reports.regressed()) == "true"
    assert len(github.comments(number)) == 1


def test_a_check_run_is_created_on_the_head(tmp_path: Path, github: Emulated) -> None:
    number, head = github.open_pull_request()
    world = on_pull_request(tmp_path, github, number, head)
    outputs = check.publish(check.Options(annotate="edgetpu-ci.yml"), reports.regressed(), world)
    assert outputs == {"checked": "true"}
    (shown,) = github.checks(head)
    assert (shown["name"], shown["conclusion"]) == ("Edge TPU CI", "failure")
