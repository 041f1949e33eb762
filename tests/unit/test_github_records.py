"""What is kept of what GitHub shows: times, whether a program did it, and nothing of people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from edgetpu_ci.github_rows import bots, details, issues, jobs, overview, pulls, runs
from edgetpu_ci.kpis.rows import Job, Pull, WorkflowRun
from tests.fakes.small_github import START


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def pull(known: frozenset[str] = frozenset(), **parts: Any) -> Pull:
    node = {
        "number": 7,
        "baseRefName": "main",
        "createdAt": at(0),
        "updatedAt": at(99),
        "author": {"__typename": "User", "login": "ada"},
        **parts,
    }
    return pulls.row(msgspec.json.decode(msgspec.json.encode(node), type=pulls.Node), known)


def turned(*turns: tuple[str, float]) -> dict[str, Any]:
    nodes = [{"__typename": kind, "createdAt": at(hours)} for kind, hours in turns]
    return {"timelineItems": {"nodes": nodes}}


READY, DRAFT = "ReadyForReviewEvent", "ConvertToDraftEvent"


def test_a_pull_request_that_never_was_a_draft_has_no_time_of_it() -> None:
    row = pull(mergedAt=at(5))
    assert (row.drafts, row.ready) == ((), None)


def test_one_that_was_opened_as_a_draft_was_one_from_its_beginning() -> None:
    row = pull(mergedAt=at(5), **turned((READY, 3)))
    assert (row.drafts, row.ready) == (((at(0), at(3)),), at(3))


def test_drafts_in_between_are_spans_and_the_last_time_ready_counts() -> None:
    row = pull(mergedAt=at(9), **turned((READY, 1), (DRAFT, 4), (READY, 6)))
    assert row.drafts == ((at(0), at(1)), (at(4), at(6)))
    assert row.ready == at(6)


def test_one_that_is_a_draft_now_is_one_without_end() -> None:
    assert pull(isDraft=True).drafts == ((at(0), None),)
    assert pull(isDraft=True, **turned((DRAFT, 2))).drafts == ((at(2), None),)


def test_what_was_marked_ready_after_the_merge_does_not_count() -> None:
    assert pull(mergedAt=at(5), **turned((READY, 3), (DRAFT, 6), (READY, 7))).ready == at(3)


def test_the_first_review_is_not_the_authors_nor_a_programs() -> None:
    def review(login: str, hours: float | None, kind: str = "User") -> dict[str, Any]:
        return {
            "submittedAt": None if hours is None else at(hours),
            "author": {"__typename": kind, "login": login},
        }

    nodes = [review("ada", 1), review("copilot", 2, "Bot"), review("helper", 3), review("bob", None), review("eve", 5)]
    assert pull(frozenset({"helper"}), reviews={"nodes": nodes}).reviewed == at(5)
    assert pull(author=None, reviews={"nodes": [{"submittedAt": at(4), "author": None}]}).reviewed == at(4)


def test_a_pull_request_keeps_no_name_of_a_person() -> None:
    row = pull(labels={"nodes": [{"name": "fix"}, None]}, mergeCommit={"oid": "c" * 40}, mergedAt=at(1))
    assert (row.bot, row.labels, row.merged_as) == ("", ("fix",), "c" * 40)
    assert b"ada" not in msgspec.json.encode(row)


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (bots.Account("dependabot", "Bot"), "dependabot"),
        (bots.User("renovate[bot]", "Bot"), "renovate"),
        (bots.User("pre-commit-ci[bot]", "User"), "pre-commit-ci"),
        (bots.Account("our-robot", "User"), "our-robot"),
        (bots.Account("ada", "User"), ""),
        (None, ""),
    ],
)
def test_programs_are_known_by_their_kind_their_name_or_the_configuration(
    account: bots.Account | bots.User | None, name: str
) -> None:
    assert bots.name(account, {"our-robot"}) == name


def test_an_issue_that_was_opened_again_has_no_reason_for_its_end() -> None:
    node = {"number": 1, "createdAt": at(0), "updatedAt": at(9), "closedAt": None, "stateReason": "REOPENED"}
    row = issues.row(msgspec.json.decode(msgspec.json.encode(node), type=issues.Node), ())
    assert (row.closed, row.reason) == (None, "")


@pytest.mark.parametrize(
    ("name", "default", "kept"),
    [
        ("main", "main", "main"),
        ("octocat/fix", "main", ""),
        ("maintenance", "main", ""),
        ("gh-readonly-queue/main/pr-17-c0ffee", "main", "gh-readonly-queue/main/"),
        ("gh-readonly-queue/2.x/pr-17-c0ffee", "main", ""),
        ("octocat/fix", "", "octocat/fix"),
    ],
)
def test_of_branches_only_the_default_one_is_kept(name: str, default: str, kept: str) -> None:
    assert runs.branch(name, default) == kept


@pytest.mark.parametrize(("default", "kept"), [("main", "main"), ("2.x", ""), ("", "main")])
def test_of_where_a_pull_request_goes_only_the_default_branch_is_kept(default: str, kept: str) -> None:
    node = {"number": 1, "baseRefName": "main", "createdAt": at(0), "updatedAt": at(1)}
    decoded = msgspec.json.decode(msgspec.json.encode(node), type=pulls.Node)
    assert pulls.row(decoded, (), default).base == kept


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".github/workflows/ci.yml", "ci.yml"),
        (".github/workflows/ci.yml@refs/heads/main", "ci.yml"),
        ("dynamic/pages/pages-build-deployment", "pages-build-deployment"),
        ("", ""),
    ],
)
def test_a_workflow_is_called_as_its_file(path: str, name: str) -> None:
    assert runs.workflow(path) == name


def run(**parts: Any) -> WorkflowRun:
    known = {"id": 1, "number": 1, "attempt": 1, "workflow": "ci.yml", "event": "push", "branch": "main", "commit": "c"}
    times = {"created": at(0), "updated": at(1)}
    return WorkflowRun(**{**known, **times, "status": "completed", **parts})


PLAIN = (Job(name="build"),)
DETAILED = (Job(name="build", created=at(0)),)


def test_jobs_that_were_read_stay_until_the_run_is_run_again() -> None:
    assert runs.newer(run(jobs=PLAIN), run(updated=at(9))).jobs == PLAIN
    assert runs.newer(run(updated=at(9)), run(jobs=PLAIN)) == run(updated=at(9), jobs=PLAIN)
    assert runs.newer(run(jobs=PLAIN), run(attempt=2, updated=at(9))).jobs is None


def test_details_are_not_lost_to_what_tells_less() -> None:
    assert runs.newer(run(jobs=DETAILED), run(jobs=PLAIN, updated=at(9))).jobs == DETAILED
    assert runs.newer(run(jobs=PLAIN), run(jobs=DETAILED)).jobs == DETAILED


def test_a_run_that_went_on_is_not_put_back_by_what_was_seen_before() -> None:
    done, earlier = run(jobs=PLAIN, updated=at(5)), run(status="in_progress", updated=at(2))
    assert runs.newer(done, earlier) == done


def test_a_check_that_a_job_made_by_the_api_is_no_job() -> None:
    made = jobs.CheckRun(name="Test results", details_url="https://github.example/o/r/runs/5")
    real = jobs.CheckRun(name="test", details_url="https://github.example/o/r/actions/runs/1/job/5")
    assert [jobs._is_job(made), jobs._is_job(real), jobs._is_job(jobs.CheckRun(name="old"))] == [False, True, True]


def test_the_sample_takes_of_each_workflow_in_turn_the_newest() -> None:
    known = [run(id=n, workflow=name, created=at(n), jobs=PLAIN) for n, name in enumerate("aaaaab")]
    known.append(run(id=9, workflow="c", created=at(9), jobs=DETAILED))
    assert [(one.workflow, one.id) for one in details.sample(known, 4)] == [("a", 4), ("b", 5), ("a", 3), ("a", 2)]


_SUCCESS = {"state": "SUCCESS", "createdAt": at(1)}


@dataclass
class _Answering:
    repository_found: dict[str, Any]
    repository: str = "octo/tools"

    def graphql(self, _query: str, _variables: Any, into: Any, **_: Any) -> Any:
        answer = {"repository": self.repository_found}
        return msgspec.json.decode(msgspec.json.encode(answer), type=into)


def deployed(*states: tuple[str, float]) -> Any:
    nodes = [{"state": state, "createdAt": at(hours)} for state, hours in states]
    node = {"databaseId": 5, "createdAt": at(0), "commitOid": "c", "statuses": {"nodes": nodes}}
    return overview._deployed(msgspec.json.decode(msgspec.json.encode(node), type=overview._Deployed))


def test_a_deployment_that_another_took_the_place_of_went_well() -> None:
    row = deployed(("INACTIVE", 30), ("SUCCESS", 2), ("IN_PROGRESS", 1))
    assert (row.at, row.failed, row.name) == (at(2), False, "5")


def test_a_page_of_deployments_of_which_none_is_shown_is_passed_over() -> None:
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "1"}, "nodes": [None]}
    last = {"nodes": [{"databaseId": 5, "createdAt": at(0), "statuses": {"nodes": [_SUCCESS]}}]}
    first = msgspec.convert({"deployments": page}, overview.Overview)
    found = overview.deployments(_Answering({"deployments": last}), first, "production", at(0))  # type: ignore[arg-type]
    assert [row.name for row in found] == ["5"]


def test_one_that_failed_failed_and_one_under_way_is_none_yet() -> None:
    assert (deployed(("FAILURE", 3)).failed, deployed(("FAILURE", 3)).at) == (True, at(3))
    assert deployed(("IN_PROGRESS", 1)) is None
    in_no_order = deployed(("SUCCESS", 5), ("INACTIVE", 30), ("SUCCESS", 3), ("IN_PROGRESS", 1))
    assert in_no_order.at == at(3)
    assert deployed() is None
