"""The fake GitHub enforces what the real one does, as its documentation has it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.fakes.hub import TOKEN, FakeHub
from tests.fakes.hub.repository import END, Execution, Repository, Run, large

AT = datetime(2026, 3, 1, tzinfo=UTC)
RUNS = "/repos/octo/tools/actions/runs"


def get(hub: FakeHub, path: str, token: str = TOKEN, **query: str | int) -> requests.Response:
    return requests.get(hub.url + path, params=query, headers={"authorization": f"Bearer {token}"}, timeout=20)


def ask(hub: FakeHub, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    answer = requests.post(f"{hub.url}/graphql", json=body, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20)
    found: dict[str, Any] = answer.json()
    return found


def run(number: int, at: datetime = AT) -> Run:
    job = Execution(name="test", created=at, started=at, completed=at + timedelta(minutes=1))
    return Run(id=number, number=number, created=at, started=at, updated=at, executions=(job,))


def many(count: int) -> Repository:
    return Repository(runs={number: run(number) for number in range(1, count + 1)})


def test_of_a_filtered_list_of_runs_a_thousand_are_given_out_and_all_are_counted() -> None:
    with FakeHub(many(1100)) as hub:
        pages = [
            get(hub, RUNS, created="2026-03-01..2026-03-02T00:00:00Z", per_page=100, page=n).json() for n in (10, 11)
        ]
    assert [(page["total_count"], len(page["workflow_runs"])) for page in pages] == [(1100, 100), (1100, 0)]


def test_a_page_links_to_the_next_one_until_the_last() -> None:
    with FakeHub(many(150)) as hub:
        first = get(hub, RUNS, created="2026-03-01..2026-03-02", per_page=100)
        last = get(hub, first.links["next"]["url"].removeprefix(hub.url))
    assert "next" not in last.links
    assert len(last.json()["workflow_runs"]) == 50
    assert hub.violations == []


def test_after_the_last_request_of_an_hour_it_refuses_until_the_next() -> None:
    clock = [AT]
    with FakeHub(many(1), now=lambda: clock[0], most=2) as hub:
        answers = [get(hub, f"{RUNS}/1") for _ in range(3)]
        clock[0] += timedelta(hours=1)
        answers.append(get(hub, f"{RUNS}/1"))
    assert [answer.status_code for answer in answers] == [200, 200, 403, 200]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0", "1"]


def test_a_missing_permission_is_named_and_a_wrong_token_refused() -> None:
    with FakeHub(many(1), granted=frozenset()) as hub:
        refused = get(hub, f"{RUNS}/1")
        assert (refused.status_code, refused.headers["x-accepted-github-permissions"]) == (403, "actions=read")
        assert get(hub, f"{RUNS}/1", token="other").status_code == 401  # noqa: S106 - a fake one


SUITES = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on CheckSuite { checkRuns(first: 50%s) { totalCount } } } }"


def test_all_executions_of_a_run_that_was_run_again_are_there_for_who_asks_for_them() -> None:
    of = many(1)
    of.rerun(1, AT + timedelta(days=20))
    with FakeHub(of) as hub:
        counts = [
            ask(hub, SUITES % kind, ids=["CS_1"])["data"]["nodes"][0]["checkRuns"]["totalCount"]
            for kind in ("", ", filterBy: {checkType: ALL}")
        ]
    assert counts == [1, 2]
    assert of.runs[1].created == AT


def test_a_node_that_is_gone_is_null_with_an_error_beside_the_others() -> None:
    with FakeHub(many(1)) as hub:
        found = ask(hub, SUITES % "", ids=["CS_1", "CS_2"])
    assert [bool(node) for node in found["data"]["nodes"]] == [True, False]
    assert found["errors"][0]["type"] == "NOT_FOUND"


def test_a_query_costs_a_point_for_a_hundred_lists_and_at_least_one() -> None:
    with FakeHub(many(100)) as hub:
        query = SUITES.replace("{ nodes", "{ rateLimit { cost nodeCount } nodes") % ""
        found = ask(hub, query, ids=[f"CS_{n}" for n in range(1, 101)])["data"]["rateLimit"]
    # One list of nodes, and of each of the hundred nodes one of check runs: 101 requests; 100 nodes and 100 × 50.
    assert found == {"cost": 1, "nodeCount": 5100}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ repository { id } }", {}),
        ("{ nonsense }", {}),
        (SUITES % "", {"ids": [f"CS_{n}" for n in range(101)]}),
    ],
)
def test_what_github_would_not_answer_is_an_error_with_status_200(query: str, variables: dict[str, Any]) -> None:
    with FakeHub(many(1)) as hub:
        assert "errors" in ask(hub, query, **variables)


def test_a_query_that_is_too_heavy_is_given_up() -> None:
    with FakeHub(many(1), heaviest=10) as hub:
        headers = {"authorization": f"Bearer {TOKEN}"}
        body = json.dumps({"query": SUITES % "", "variables": {"ids": ["CS_1"]}})
        assert requests.post(f"{hub.url}/graphql", data=body, headers=headers, timeout=20).status_code == 502


def test_the_large_repository_is_the_same_each_time_it_is_made() -> None:
    one, other = large(share=0.01), large(share=0.01)
    assert one == other
    assert (len(one.pulls), len(one.issues), len(one.runs)) == (50, 30, 200)
    assert {len(run.latest) for run in one.runs.values()} <= {0, 6}
    assert max(pull.updated for pull in one.pulls.values()) <= END
    assert max(issue.updated for issue in one.issues.values()) <= END
