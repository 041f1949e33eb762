"""The comment on a pull request: one, ours, up to date; whatever GitHub answers."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError, DeliveryError
from edgetpu_ci.model import Report
from edgetpu_ci.publish import pull_request
from edgetpu_ci.publish.pull_request import Options
from edgetpu_ci.render import markdown
from edgetpu_ci.world import World
from tests.fakes import actions, kpi_reports, reports
from tests.fakes.actions import HEAD, THEIRS
from tests.fakes.github import BOT, FakeGitHub
from tests.fakes.loopback import Reply, Request
from tests.fakes.world import world

PR = 7
LIST = f"GET /repos/acme/detector/issues/{PR}/comments"
CREATE = f"POST /repos/acme/detector/issues/{PR}/comments"
MARKER = markdown.marker("default")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub whose description every request keeps to."""
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


def job(folder: Path, github: FakeGitHub, name: str = "pull_request", **parts: Any) -> World:
    """A job for pull request 7 that does not really sleep."""
    payload = parts.pop("payload", actions.pull_request(PR))
    env = {"GITHUB_API_URL": github.url}
    token, timeout = parts.pop("token", github.token), parts.pop("timeout", 5)
    known = {
        "sleep": parts.pop("sleep", lambda _seconds: None),
        "github": lambda: actions.connect(github.url, token, timeout),
    }
    return actions.job(folder, name, payload, env=env, **known, **parts)


def publish(folder: Path, github: FakeGitHub, report: Report, **options: Any) -> str:
    outputs: dict[str, str] = pull_request.publish(Options(**options), report, job(folder, github))
    return outputs["commented"]


def bodies(github: FakeGitHub) -> list[str]:
    return [comment.body for comment in github.comments(PR)]


def test_the_first_report_becomes_a_comment_in_three_requests(tmp_path: Path, github: FakeGitHub) -> None:
    assert publish(tmp_path, github, reports.regressed()) == "true"
    (body,) = bodies(github)
    assert body.startswith(MARKER)
    assert markdown.comment(reports.regressed()).strip() in body
    assert github.asked == [LIST, CREATE, LIST]


def test_a_second_report_edits_it_in_two_requests(tmp_path: Path, github: FakeGitHub) -> None:
    publish(tmp_path, github, reports.first_run())
    (first,) = github.comments(PR)
    github.requests.clear()
    assert publish(tmp_path, github, reports.regressed()) == "true"
    (second,) = github.comments(PR)
    assert second.id == first.id
    assert second.body != first.body
    assert github.asked == [LIST, f"PATCH /repos/acme/detector/issues/comments/{first.id}"]


def test_key_figures_and_a_benchmark_have_a_comment_each(tmp_path: Path, github: FakeGitHub) -> None:
    for report in (reports.regressed(), kpi_reports.kpis_all_well(), kpi_reports.kpis_two_breaches()):
        assert publish(tmp_path, github, report) == "true"
    benchmark, kpis = bodies(github)
    assert "1 slower" in benchmark
    assert "2 below their limit" in kpis


@pytest.mark.parametrize("report", [reports.regressed(), reports.all_clear(), reports.first_run()])
def test_the_same_report_again_writes_nothing(tmp_path: Path, github: FakeGitHub, report: Report) -> None:
    publish(tmp_path, github, report)
    github.requests.clear()
    assert publish(tmp_path, github, report) == "true"
    assert github.asked == [LIST]


def test_a_regression_that_is_gone_is_taken_back_and_stays_taken_back(tmp_path: Path, github: FakeGitHub) -> None:
    publish(tmp_path, github, reports.regressed())
    withdrawn = markdown.comment(reports.all_clear(), withdrawn=True)
    assert withdrawn != markdown.comment(reports.all_clear())
    for _ in range(2):
        publish(tmp_path, github, reports.all_clear())
        assert bodies(github)[0].startswith(withdrawn.strip())
    publish(tmp_path, github, reports.regressed())
    assert bodies(github)[0].startswith(markdown.comment(reports.regressed()).strip())


def test_that_something_was_wrong_once_stays_said_on_every_later_all_clear(tmp_path: Path, github: FakeGitHub) -> None:
    gone = "What was reported here before is gone."
    publish(tmp_path, github, reports.regressed())
    assert gone not in bodies(github)[0]
    for _ in range(3):
        publish(tmp_path, github, reports.all_clear())
        assert gone in bodies(github)[0]


def test_nothing_is_taken_back_where_nothing_was_wrong(tmp_path: Path, github: FakeGitHub) -> None:
    for _ in range(2):
        publish(tmp_path, github, reports.all_clear())
    assert bodies(github) == [markdown.comment(reports.all_clear()).strip()]


def test_when_changed_an_unchanged_run_is_silent(tmp_path: Path, github: FakeGitHub) -> None:
    assert publish(tmp_path, github, reports.all_clear(), when="changed") == "false"
    assert bodies(github) == []


def test_when_changed_a_regression_speaks_and_is_taken_back(tmp_path: Path, github: FakeGitHub) -> None:
    assert publish(tmp_path, github, reports.regressed(), when="changed") == "true"
    assert publish(tmp_path, github, reports.all_clear(), when="changed") == "true"
    assert bodies(github)[0].startswith(markdown.comment(reports.all_clear(), withdrawn=True).strip())


def test_ours_is_found_behind_hundreds_of_others(tmp_path: Path, github: FakeGitHub) -> None:
    for number in range(236):
        github.say(PR, f"chatter {number}", "ada")
    ours = github.say(PR, f"{MARKER}\nold")
    assert publish(tmp_path, github, reports.regressed()) == "true"
    assert len(github.comments(PR)) == 237
    assert next(comment for comment in github.comments(PR) if comment.id == ours.id).body != ours.body
    assert github.asked[:-1] == [LIST] * 3


def test_a_page_that_is_just_full_is_not_taken_for_the_last(tmp_path: Path, github: FakeGitHub) -> None:
    for number in range(100):
        github.say(PR, f"chatter {number}", "ada")
    github.say(PR, f"{MARKER}\nold")
    publish(tmp_path, github, reports.regressed())
    assert len(github.comments(PR)) == 101


def test_a_stranger_with_our_marker_does_not_get_our_words(tmp_path: Path, github: FakeGitHub) -> None:
    bait = github.say(PR, f"{MARKER}\nbait", "mallory")
    assert publish(tmp_path, github, reports.regressed()) == "true"
    assert bait in github.comments(PR)
    assert [comment.author for comment in github.comments(PR)] == ["mallory", BOT]


def test_a_marker_that_is_only_quoted_is_not_ours(tmp_path: Path, github: FakeGitHub) -> None:
    github.say(PR, f"> {MARKER}\nquoted")
    github.say(PR, f"See below.\n{MARKER}\n")
    publish(tmp_path, github, reports.regressed())
    assert len(bodies(github)) == 3


def test_two_keys_are_two_comments(tmp_path: Path, github: FakeGitHub) -> None:
    for key in ("pi5", "rk3588", "pi5"):
        publish(tmp_path, github, reports.regressed(), key=key)
    assert [body.partition("\n")[0] for body in bodies(github)] == [markdown.marker("pi5"), markdown.marker("rk3588")]


@pytest.mark.parametrize("key", ["", "a b", "-->", "x" * 61, "a\nb"])
def test_a_key_that_could_leave_the_marker_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="key"):
        codec.convert({"key": key}, Options, "publish[0].with")


def test_comments_left_over_from_a_race_are_removed(tmp_path: Path, github: FakeGitHub) -> None:
    first = github.say(PR, f"{MARKER}\none")
    github.say(PR, f"{MARKER}\ntwo")
    publish(tmp_path, github, reports.regressed())
    assert [comment.id for comment in github.comments(PR)] == [first.id]


def test_a_job_that_was_faster_keeps_its_comment_and_gets_our_words(tmp_path: Path, github: FakeGitHub) -> None:
    def other_job(request: Request) -> None:
        if request.verb == "POST" and not github.comments(PR):
            github.say(PR, f"{MARKER}\nfrom the other job")

    github.before = other_job
    publish(tmp_path, github, reports.regressed())
    (body,) = bodies(github)
    assert body.startswith(markdown.comment(reports.regressed()).strip())


def test_jobs_that_list_at_the_same_moment_leave_one_comment(tmp_path: Path, github: FakeGitHub) -> None:
    together = threading.Barrier(4, timeout=10)
    github.before = lambda request: together.wait() if request.verb == "POST" else None

    def one_job(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        publish(folder, github, reports.regressed())

    threads = [threading.Thread(target=one_job, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert github.asked.count(CREATE) == 4
    assert len(bodies(github)) == 1


def warned(folder: Path, github: FakeGitHub, **parts: Any) -> tuple[str, list[str]]:
    """Whether it commented, and what the job's log shows."""
    said: list[str] = []
    outputs = pull_request.publish(Options(), reports.regressed(), job(folder, github, out=said.append, **parts))
    return outputs["commented"], said


def test_a_token_that_may_only_read_is_one_warning_that_names_the_way_out(tmp_path: Path) -> None:
    with FakeGitHub(read_only=True) as github:
        commented, said = warned(tmp_path, github)
        assert commented == "false"
        (line,) = said
        assert line.startswith("::warning::No comment: GitHub answered 403 (Resource not accessible by integration)")
        assert "permissions: pull-requests: write" in line
        assert "examples/fork-safe" in line
        assert github.violations == []


def test_a_wrong_token_is_one_warning(tmp_path: Path, github: FakeGitHub) -> None:
    commented, said = warned(tmp_path, github, token="ghs_wrong")  # noqa: S106 - a fake one
    assert commented == "false"
    (line,) = said
    assert "401 (Bad credentials)" in line
    assert "check that the token" in line


def test_what_github_says_cannot_become_a_workflow_command(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(403, message="no\n::error::100%\r" + "x" * 999)
    _, (line,) = warned(tmp_path, github)
    assert "\n" not in line
    assert "\r" not in line
    assert "100%25" in line
    assert len(line) < 500


def failing(folder: Path, github: FakeGitHub) -> str:
    with pytest.raises(DeliveryError) as caught:
        publish(folder, github, reports.regressed())
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "message", "step"),
    [
        (404, "Not Found", "check that it exists and that the token may see it"),
        (409, "Conflict", "say it again later"),
        (410, "Gone", "it was deleted, or what it belongs to is switched off"),
        (422, "Validation Failed", "please report it"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_place_and_the_next_step(
    tmp_path: Path, github: FakeGitHub, status: int, message: str, step: str
) -> None:
    github.fail(status, message=message)
    said = failing(tmp_path, github)
    assert said.startswith(f"GitHub answered {status} ({message}) to {LIST}")
    assert step in said
    assert len(github.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_fault_is_waited_out(tmp_path: Path, github: FakeGitHub, status: int) -> None:
    github.fail(status, times=3)
    assert publish(tmp_path, github, reports.regressed()) == "true"
    assert len(bodies(github)) == 1


def test_we_wait_as_long_as_github_asks(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(429, retry_after="7")
    github.fail(403, message="You have exceeded a secondary rate limit", retry_after="3")
    github.fail(500)
    slept: list[float] = []
    pull_request.publish(Options(), reports.regressed(), job(tmp_path, github, sleep=slept.append))
    assert slept == [7, 3, 4]


def test_a_wait_beyond_our_patience_is_not_waited(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(429, retry_after="3600", message="API rate limit exceeded")
    said = failing(tmp_path, github)
    assert "429 (API rate limit exceeded)" in said
    assert "edgetpu-ci publish REPORT" in said
    assert len(github.requests) == 1


def test_a_fault_that_stays_is_said_after_four_tries(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(502, times=9, message="Bad Gateway")
    assert "502 (Bad Gateway)" in failing(tmp_path, github)
    assert len(github.requests) == 4


def test_a_limit_that_stays_is_no_lack_of_permission(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(403, times=9, message="API rate limit exceeded", x_ratelimit_remaining="0")
    said = failing(tmp_path, github)
    assert "403 (API rate limit exceeded)" in said
    assert "permissions" not in said
    assert "say it again later" in said


def test_an_error_page_of_a_proxy_is_not_repeated(tmp_path: Path) -> None:
    with FakeGitHub() as github:
        github.failures.append(Reply(status=404, body=b"<html><script>alert(1)</script></html>"))
        assert failing(tmp_path, github).startswith(f"GitHub answered 404 (no reason given) to {LIST}")


def test_a_comment_created_by_a_request_that_seemed_to_fail_is_not_left_twice(
    tmp_path: Path, github: FakeGitHub
) -> None:
    def lose_the_answer(request: Request) -> None:
        if request.verb == "POST" and not github.comments(PR):
            github.say(PR, f"{MARKER}\nmade it")
            github.fail(502)

    github.before = lose_the_answer
    publish(tmp_path, github, reports.regressed())
    assert len(bodies(github)) == 1


def test_a_github_that_hangs_is_said(tmp_path: Path, github: FakeGitHub) -> None:
    over = threading.Event()
    github.before = lambda _request: over.wait(20)
    hasty = job(tmp_path, github, timeout=1)
    try:
        with pytest.raises(DeliveryError, match=r"GitHub did not answer GET .* say it again later"):
            pull_request.publish(Options(), reports.regressed(), hasty)
    finally:
        over.set()


def test_a_github_that_is_not_there_is_said(tmp_path: Path) -> None:
    with FakeGitHub() as gone:
        pass
    assert "GitHub did not answer" in failing(tmp_path, gone)


@pytest.mark.parametrize("answer", ["{}", '[{"id": "x"}]', "[", "<html>proxy</html>", ""])
def test_an_answer_that_is_not_githubs_is_said(tmp_path: Path, answer: str) -> None:
    with FakeGitHub() as github:
        github.failures.append(Reply(status=200, body=answer.encode()))
        assert "GitHub's answer to GET" in failing(tmp_path, github)


def test_a_persons_token_comments_under_the_persons_name(tmp_path: Path) -> None:
    with FakeGitHub(token="ghp_personal", login="ada") as github:  # noqa: S106 - a fake one
        for report in (reports.first_run(), reports.regressed()):
            assert publish(tmp_path, github, report) == "true"
        assert [comment.author for comment in github.comments(PR)] == ["ada"]
        assert github.asked[0] == "GET /user"
        assert github.violations == []


def test_a_token_without_a_user_comments_as_the_job_does(tmp_path: Path) -> None:
    with FakeGitHub(token="new_kind_of_token") as github:  # noqa: S106 - a fake one
        github.fail(403, message="Resource not accessible by integration")
        assert publish(tmp_path, github, reports.regressed()) == "true"
        assert github.asked == ["GET /user", LIST, CREATE, LIST]


def test_an_app_of_ones_own_is_named_by_the_option(tmp_path: Path) -> None:
    with FakeGitHub(login="acme-bench[bot]") as github:
        for report in (reports.first_run(), reports.regressed()):
            publish(tmp_path, github, report, author="Acme-Bench[bot]")
        assert len(bodies(github)) == 1


def test_an_app_of_ones_own_that_is_not_named_is_told_to(tmp_path: Path) -> None:
    with FakeGitHub(login="acme-bench[bot]") as github:
        commented, (line,) = warned(tmp_path, github)
        assert commented == "true"
        assert "set `author: acme-bench[bot]`" in line


@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_without_a_pull_request_nothing_is_asked_and_that_is_said(
    tmp_path: Path, github: FakeGitHub, name: str
) -> None:
    commented, said = warned(tmp_path, github, name=name, payload={})
    assert (commented, said) == ("false", [f"::notice::No comment: no pull request is behind `{name}`."])
    assert github.requests == []


def test_outside_actions_that_is_said_on_the_terminal(tmp_path: Path) -> None:
    said: list[str] = []
    outside = world(tmp_path, warn=said.append)
    pull_request.publish(Options(), reports.regressed(), outside)
    assert said == ["notice: No comment: this is not a job of GitHub Actions."]


def test_the_trusted_workflow_comments_where_github_says_and_not_where_the_report_does(
    tmp_path: Path, github: FakeGitHub
) -> None:
    github.open_pull_request(PR, sha=HEAD, owner="mallory", branch="faster", repository_id=THEIRS)
    assert reports.hostile().run.pull_request != PR
    trusted = job(tmp_path, github, name="workflow_run", payload=actions.workflow_run())
    assert pull_request.publish(Options(), reports.hostile(), trusted)["commented"] == "true"
    assert len(bodies(github)) == 1
    assert {comment.pull_request for comment in github._comments.values()} == {PR}


def test_a_pull_request_that_has_moved_on_gets_no_stale_comment(tmp_path: Path, github: FakeGitHub) -> None:
    github.open_pull_request(PR, sha="e" * 40, owner="mallory", branch="faster", repository_id=THEIRS)
    commented, (line,) = warned(tmp_path, github, name="workflow_run", payload=actions.workflow_run())
    assert commented == "false"
    assert "no open pull request has c0ffee000000 as its head" in line


def test_an_enterprise_server_is_reached_below_its_base_path(tmp_path: Path) -> None:
    with FakeGitHub(base_path="/api/v3") as github:
        assert publish(tmp_path, github, reports.regressed()) == "true"
        assert github.violations == []


@pytest.mark.parametrize("report", [reports.many(), reports.hostile()], ids=["many models", "hostile names"])
def test_github_takes_every_report(tmp_path: Path, github: FakeGitHub, report: Report) -> None:
    assert publish(tmp_path, github, report) == "true"
    assert max(len(body.encode()) for body in bodies(github)) < 65_536
