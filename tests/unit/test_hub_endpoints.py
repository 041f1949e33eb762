"""Every endpoint of the fake GitHub answers as GitHub's description has it, refuses by permission, and can fail."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.fakes.hub import EVERYTHING, TOKEN, FakeHub, failures
from tests.fakes.hub.endpoints import NEEDS, REPOSITORY
from tests.fakes.hub.repository import Deployment, Execution, Issue, Pull, Release, Repository, Run
from tests.fakes.loopback import Reply

AT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = "/repos/octo/tools"
PULLS = """{ repository(owner: "octo", name: "tools") {
  pullRequests(first: %s) { nodes { number author { login } } }
} }"""


def small() -> Repository:
    first = Execution(name="test", created=AT, started=AT + HOUR, completed=AT + 2 * HOUR, conclusion="failure")
    waiting = Execution(name="deploy", created=AT, started=AT, completed=None, status="queued", labels=("self-hosted",))
    run = Run(id=1, number=1, created=AT, started=AT, updated=AT + HOUR, executions=(first,), conclusion="failure")
    of = Repository(runs={1: run})
    of.rerun(1, AT + timedelta(days=20))
    of.runs[2] = Run(
        id=2, number=2, created=AT, started=AT, updated=AT, status="queued", conclusion=None, executions=(waiting,)
    )
    of.issues = {
        1: Issue(number=1, created=AT, updated=AT + HOUR, closed=AT + HOUR, reason="NOT_PLANNED", labels=("bug",)),
        2: Issue(number=2, created=AT, updated=AT, reason="REOPENED", author=""),
    }
    of.pulls = {3: Pull(number=3, created=AT, updated=AT + HOUR, merged=AT + HOUR, closed=AT + HOUR, author="")}
    of.releases = [Release(tag="v1", created=AT)]
    of.deployments = [Deployment(id=1, created=AT, states=((AT, "IN_PROGRESS"), (AT + HOUR, "SUCCESS")))]
    return of


def hub(**parts: Any) -> FakeHub:
    return FakeHub(small(), **{"granted": EVERYTHING, **parts})


def get(of: FakeHub, path: str, headers: dict[str, str] | None = None, **query: str | int) -> requests.Response:
    named = {"authorization": f"Bearer {TOKEN}", **(headers or {})}
    return requests.get(of.url + path, params=query, headers=named, timeout=20)


def ask(of: FakeHub, query: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    found: dict[str, Any] = requests.post(
        f"{of.url}/graphql", json={"query": query}, headers=headers, timeout=20
    ).json()
    return found


def path(template: str) -> str:
    named = {"{owner}/{repo}": "octo/tools", "{workflow_id}": "ci.yml", "{branch}": "main", "{basehead}": "a...b"}
    for name, value in named.items():
        template = template.replace(name, value)
    return re.sub(r"\{\w+\}", "1", template)


SAID: dict[str, Any] = {
    "/branches/main/protection": {"required_signatures": {"enabled": True}},
    "/contents/1": {"size": 5},
    "/pages": {},
    "/pages/builds/latest": {},
    "/vulnerability-alerts": Reply(status=204),
}
LISTS = [
    "/actions/artifacts",
    "/actions/caches",
    "/actions/runners",
    "/actions/secrets",
    "/actions/workflows",
    "/code-scanning/alerts",
    "/code-scanning/analyses",
    "/collaborators",
    "/commits",
    "/dependabot/alerts",
    "/environments",
    "/hooks",
    "/keys",
    "/rulesets",
    "/secret-scanning/alerts",
]


@pytest.mark.parametrize("template", sorted(NEEDS))
def test_every_endpoint_answers_as_the_description_has_it(template: str) -> None:
    # GitHub's own examples of these break its description.
    off = {f"{REPOSITORY}/branches/{{branch}}/protection", f"{REPOSITORY}/contents/{{path}}", f"{REPOSITORY}/commits"}
    with hub(objects=SAID) as of:
        answer = get(of, path(template))
        assert answer.status_code in {200, 204}
        assert template in off or of.violations == []


@pytest.mark.parametrize("below", LISTS)
def test_what_is_said_of_a_list_is_laid_over_github_s_example_and_given_out_in_pages(below: str) -> None:
    with hub(objects={below: [{}] * 3}) as of:
        first = get(of, HERE + below, per_page=2)
        shown = first.json()
        items = shown if isinstance(shown, list) else next(part for part in shown.values() if isinstance(part, list))
        assert len(items) == 2
        assert isinstance(shown, list) or shown["total_count"] == 3
        assert "next" in first.links
        assert of.violations == []


@pytest.mark.parametrize("template", sorted(set(NEEDS) - {"/rate_limit"}))
def test_a_permission_that_is_missing_is_named_for_every_endpoint(template: str) -> None:
    with hub(granted=EVERYTHING - {NEEDS[template]}) as of:
        answer = get(of, path(template))
    assert answer.status_code == 403
    named = answer.headers["x-accepted-github-permissions"]
    assert named.replace("_", "-") == NEEDS[template].replace(": ", "=")


def test_an_earlier_attempt_is_there_as_it_ended_and_the_run_keeps_its_creation() -> None:
    runs = f"{HERE}/actions/runs/1"
    with hub() as of:
        first, now = get(of, f"{runs}/attempts/1").json(), get(of, runs).json()
        jobs = [len(get(of, f"{runs}/jobs", filter=kind).json()["jobs"]) for kind in ("latest", "all")]
        assert get(of, f"{runs}/attempts/3").status_code == 404
        assert of.violations == []
    assert (first["conclusion"], now["conclusion"], now["run_attempt"]) == ("failure", "success", 2)
    assert now["created_at"] == "2026-03-01T00:00:00Z" < now["run_started_at"]
    assert jobs == [1, 2]


def test_a_queued_job_already_has_a_start_and_no_steps() -> None:
    with hub() as of:
        job = get(of, f"{HERE}/actions/runs/2/jobs").json()["jobs"][0]
    assert (job["status"], job["started_at"], job["steps"], job["runner_group_name"]) == (
        "queued",
        "2026-03-01T00:00:00Z",
        [],
        "Default",
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"created": ">=2026-03-01"}, 2),
        ({"created": "<2026-03-01"}, 0),
        ({"created": "2026-03-01"}, 2),
        ({"created": "2026-02-01..2026-02-28"}, 0),
        ({"created": "*..2026-03-01"}, 2),
        ({"status": "queued"}, 1),
        ({"status": "success"}, 1),
        ({"event": "schedule"}, 0),
        ({"branch": "main"}, 2),
        ({}, 2),
    ],
)
def test_runs_are_filtered_as_asked(query: dict[str, Any], count: int) -> None:
    with hub() as of:
        assert get(of, f"{HERE}/actions/runs", **query).json()["total_count"] == count


def test_an_unfiltered_list_of_runs_ends_with_a_refusal() -> None:
    with hub() as of:
        assert get(of, f"{HERE}/actions/runs", per_page=100, page=400).status_code == 200
        assert get(of, f"{HERE}/actions/runs", per_page=100, page=401).status_code == 422


def test_the_list_of_issues_has_pull_requests_too_and_knows_since() -> None:
    with hub() as of:
        shown = get(of, f"{HERE}/issues", state="all", since="2026-03-01T00:30:00Z").json()
        opened = get(of, f"{HERE}/issues").json()
    assert [(one["number"], "pull_request" in one) for one in shown] == [(3, True), (1, False)]
    assert [(one["number"], one["user"]["login"]) for one in opened] == [(2, "ghost")]


def test_an_answer_that_did_not_change_costs_nothing_for_the_same_token() -> None:
    with hub() as of:
        first = get(of, HERE)
        again = get(of, HERE, {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert of.limits["core"].total == 1


def test_the_limits_can_be_asked_for_without_cost() -> None:
    with hub() as of:
        get(of, HERE)
        assert get(of, "/rate_limit").json()["rate"] == get(of, "/rate_limit").json()["resources"]["core"]
        assert of.limits["core"].left == 999


def test_a_deleted_account_is_nobody_in_graphql() -> None:
    with hub() as of:
        found = ask(of, PULLS % 5)
    assert found["data"]["repository"]["pullRequests"]["nodes"] == [{"number": 3, "author": None}]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (PULLS % 101, "EXCESSIVE_PAGINATION"),
        (PULLS.replace("(first: %s)", ""), "MISSING_PAGINATION_BOUNDARIES"),
        (
            PULLS.replace("author", "reviews(first: 100) { nodes { id } } author") % 100,
            "",
        ),
    ],
)
def test_a_query_that_asks_for_too_much_at_once_is_refused_in_github_s_words(query: str, kind: str) -> None:
    with hub() as of:
        assert [error["type"] for error in ask(of, query).get("errors", ())] == [kind][: bool(kind)]


def test_what_graphql_does_not_show_voids_what_it_is_in() -> None:
    """A list may not be null in the schema, so the repository is; the error names the list."""
    with hub(granted=EVERYTHING - {"pull-requests: read"}) as of:
        found = ask(of, PULLS % 1)
    assert found["data"] == {"repository": None}
    assert [error["type"] for error in found["errors"]] == ["FORBIDDEN"]
    assert found["errors"][0]["path"] == ["repository", "pullRequests"]


def test_too_many_at_once_or_in_a_minute_are_told_to_wait() -> None:
    with hub(at_once=0) as of:
        refused = get(of, HERE)
    assert (refused.status_code, refused.headers["retry-after"]) == (403, "60")
    with hub(a_minute=1, now=lambda: AT) as of:
        assert [get(of, HERE).status_code for _ in range(2)] == [200, 403]


def test_a_page_can_break_off_in_the_middle_after_some_that_went_well() -> None:
    with hub() as of:
        of.befall("GET /repos", failures.cut, times=1, spared=1)
        assert get(of, HERE).ok
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            get(of, HERE)
        assert get(of, HERE).ok
        assert of.limits["core"].total == 3


def test_a_connection_can_be_reset_and_an_answer_be_no_json() -> None:
    with hub() as of:
        of.befall("GET", failures.reset, times=1)
        of.befall("GET", failures.garbled, times=1)
        with pytest.raises(requests.ConnectionError):
            get(of, HERE)
        with pytest.raises(requests.JSONDecodeError):
            get(of, HERE).json()
        assert of.limits["core"].total == 0


def test_an_answer_can_come_too_late() -> None:
    with hub() as of:
        of.befall("GET", failures.hang(1.0), times=1)
        with pytest.raises(requests.ReadTimeout):
            requests.get(of.url + HERE, timeout=0.05)


def test_graphql_can_answer_with_errors_alone_or_beside_a_part_of_the_data() -> None:
    with hub() as of:
        of.befall("POST", failures.errors("RATE_LIMITED", "API rate limit exceeded"), times=1)
        of.befall("POST", failures.partial("repository", "pullRequests"), times=1)
        assert ask(of, PULLS % 1)["data"] is None
        found = ask(of, PULLS % 1)
    assert (found["data"], len(found["errors"])) == ({"repository": {"pullRequests": None}}, 1)


def test_what_github_does_not_know_is_a_violation() -> None:
    with hub() as of:
        assert get(of, f"{HERE}/nonsense").status_code == 404
        get(of, f"{HERE}/releases", wrong="1")
        get(of, f"{HERE}/releases", per_page=101)
    assert len(of.violations) == 3
