"""Key figures of a repository from GitHub: each part that is refused or breaks off costs its own."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from edgetpu_ci.collect import github
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis.rows import Erased, Pull, Rows
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.upkeep import erase
from edgetpu_ci.world import run_process
from tests.fakes import repository as git
from tests.fakes.clock import Clock
from tests.fakes.hub import FakeHub
from tests.fakes.hub.repository import Issue, Repository
from tests.fakes.small_github import SmallGitHub
from tests.fakes.world import world
from tests.unit.test_github_rows import NOW, repository

OF_PULLS = {"pr_merge_time_hours", "pr_open_to_merge_hours", "pr_draft_time_hours", "pr_first_review_hours"}
OF_RUNS = {"build_success_rate", "first_attempt_success_rate", "flaky_rate", "run_duration_seconds", "minutes_used"}
OF_DELIVERIES = {"deployment_frequency_per_week", "change_fail_rate", "deployment_rework_rate"}
KNOWN = {"pr_merge_time_hours", "build_success_rate", "minutes_used", "deployment_frequency_per_week"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone whose commits are of today, by our clock and not by the test's."""
    return git.create(tmp_path / "clone")


def measure(
    reader: SmallGitHub, folder: Path, options: github.Options | None = None, state: State | None = None
) -> Collected:
    here = world(folder, now=lambda: NOW, run=run_process)
    return github.measure(reader, options or github.Options(), state or Forgetful(), here)


def by_name(collected: Collected) -> dict[str, Measurement]:
    return {measurement.metric: measurement for measurement in collected.measurements}


def test_all_figures_are_there_and_nothing_is_missing(checkout: Path) -> None:
    git.commit(checkout, {"a": b"1"})
    collected = measure(repository(runs=600, items=100), checkout)
    found = by_name(collected)
    assert collected.incomplete == ()
    assert {name for name in KNOWN if found[name].value is None} == set()
    assert found["community_profile_percent"].value == 71
    assert found["runners_online_percent"].value == 50


def test_an_issue_that_nobody_touched_for_years_has_no_row_and_is_stale(checkout: Path) -> None:
    at = {name: NOW - timedelta(days=age) for name, age in (("long ago", 900), ("yesterday", 1))}
    issues = {
        number: Issue(number=number, created=at[when], updated=at[when])
        for number, when in enumerate(["long ago"] * 6 + ["yesterday"] * 2, 1)
    }
    with FakeHub(Repository(issues=issues)) as hub:
        here = world(checkout, env=hub.env, now=lambda: NOW, run=run_process, sleep=Clock().sleep)
        found = by_name(github.collect(github.Options(), here))
    assert (found["stale_percent"].value, found["stale_percent"].n) == (75, 8)
    # Fewer than five have rows.
    assert ("excluded", "6 that changed last before rows are kept") in found["open_issue_age_days"].details


@pytest.mark.parametrize(
    ("refused", "permission", "lost"),
    [
        ("pullRequests", "pull-requests: read", OF_PULLS),
        ("issues", "issues: read", {"issue_resolution_time_days"}),
        ("GET /repos/octo/tools/actions/runs", "actions: read", OF_RUNS),
        ("GET /repos/octo/tools/actions/runners", "administration: read", {"runners_online_percent"}),
        ("GET /repos/octo/tools/community/profile", "contents: read", {"community_profile_percent"}),
    ],
)
def test_a_refused_part_makes_its_own_figures_unknown_and_names_the_permission(
    checkout: Path, refused: str, permission: str, lost: set[str]
) -> None:
    reader = repository(runs=600, items=100)

    def before(_number: int, what: str) -> None:
        if what == refused:
            raise DeniedError(f"GitHub answered 403; the token needs `{permission}`.")

    reader.before = before
    found = by_name(measure(reader, checkout))
    for name in lost:
        assert found[name].value is None
        assert found[name].reason.startswith("not known: ")
        assert permission in found[name].reason
    assert {name for name in KNOWN - lost if found[name].value is None} == set()


@pytest.mark.parametrize(("part", "permission"), [("deployments", "deployments: read"), ("releases", "contents: read")])
def test_deployments_that_are_not_shown_are_unknown_and_not_none(checkout: Path, part: str, permission: str) -> None:
    reader = repository(runs=600, items=100)
    reader.unshown = (part,)
    found = by_name(measure(reader, checkout))
    assert {found[name].value for name in OF_DELIVERIES} == {None}
    assert all(permission in found[name].reason for name in OF_DELIVERIES)
    assert found["build_success_rate"].value == 100


def test_where_github_is_down_nothing_is_taken_for_a_fork_and_nothing_for_none(checkout: Path) -> None:
    reader = repository(runs=20, items=10)

    def down(_number: int, _what: str) -> None:
        raise DeliveryError("GitHub did not answer.")

    reader.before = down
    found = by_name(measure(reader, checkout))
    assert {name: one.value for name, one in found.items() if one.value is not None and "commits" not in name} == {}
    assert "not read to the end" in found["community_profile_percent"].reason


def test_releases_alone_need_no_deployments(checkout: Path) -> None:
    reader = repository(runs=20, items=10)
    reader.unshown = ("deployments",)
    found = by_name(measure(reader, checkout, github.Options(deployments="release")))
    assert found["deployment_frequency_per_week"].value == 0


def test_jobs_that_are_refused_are_said_and_runs_still_count(checkout: Path) -> None:
    reader = repository(runs=600)

    def before(_number: int, what: str) -> None:
        if what == "suites":
            raise DeniedError("GitHub answered 403 to GraphQL; the token needs `checks: read`.")

    reader.before = before
    collected = measure(reader, checkout)
    found = by_name(collected)
    assert found["build_success_rate"].value == 100
    assert found["minutes_used"].value is None
    assert [line for line in collected.incomplete if "`checks: read`" in line]


def test_what_was_never_read_is_unknown_and_the_rest_is_measured(checkout: Path) -> None:
    reader = repository(runs=600, items=100)

    def before(_number: int, what: str) -> None:
        if what == "pullRequests":
            raise DeliveryError("GitHub answered 502; try again later.")

    reader.before = before
    collected = measure(reader, checkout)
    found = by_name(collected)
    assert "the next run goes on" in found["pr_merge_time_hours"].reason
    assert [line for line in collected.incomplete if line.startswith("Pull requests that changed last from ")]
    assert found["build_success_rate"].value == 100


def test_workflows_that_are_ignored_do_not_count(checkout: Path) -> None:
    collected = measure(repository(runs=600), checkout, github.Options(ignore_workflows=("c*.yml",)))
    assert by_name(collected)["build_success_rate"].value is None


def test_a_workflow_to_be_ignored_that_never_ran_is_said(checkout: Path) -> None:
    named = github.Options(ignore_workflows=("c*.yml", "nope.yml"))
    assert measure(repository(runs=600), checkout, named).notes == (
        "No run is of nope.yml, which `ignore_workflows` names.",
    )


def test_commits_come_from_the_clone_and_a_shallow_one_says_so(checkout: Path, tmp_path: Path) -> None:
    for number in range(3):
        git.commit(checkout, {"a": bytes(number)})
    shallow = git.clone(checkout, tmp_path / "shallow", "--depth=1")
    assert by_name(measure(repository(), checkout))["commits_per_week"].value == 0
    assert "fetch-depth: 0" in by_name(measure(repository(), shallow))["commits_per_week"].reason


def test_a_clone_without_commits_says_so(checkout: Path) -> None:
    assert by_name(measure(repository(), checkout))["commits_per_week"].reason == "not known: this clone has no commits"


def test_rows_must_be_kept_for_as_long_as_they_count(checkout: Path) -> None:
    with pytest.raises(ConfigError, match="retention_days"):
        github.check(github.Options(days=60, retention_days=119), world(checkout))
    github.check(github.Options(days=60, retention_days=120), world(checkout))


def test_figures_of_erased_time_are_not_known_nor_compared_with(checkout: Path, tmp_path: Path) -> None:
    reader, store = repository(runs=600, items=100), Folder(tmp_path / "store")
    measure(reader, checkout, state=store)
    here = world(checkout, now=lambda: NOW)
    erase.erase(store, erase.Before(date(2026, 2, 20)), here)
    before = by_name(measure(reader, checkout, state=store))
    assert before["minutes_used"].value is not None
    assert before["minutes_used"].earlier is None
    assert before["pr_merge_time_hours"].value is not None
    assert before["pr_merge_time_hours"].earlier is None
    erase.erase(store, erase.Before(date(2026, 4, 1)), replace(here, token=lambda: "another1"))
    after = by_name(measure(reader, checkout, state=store))
    of_rows = OF_RUNS | OF_PULLS | {"issue_resolution_time_days", "open_pr_age_days", "stale_percent"}
    assert {after[name].reason for name in of_rows} == {"not known: rows before 2026-04-01 were erased"}


def test_what_is_open_is_not_known_where_some_of_it_was_erased() -> None:
    gone = Erased(before=NOW - timedelta(days=90), last=NOW - timedelta(days=90), is_open=True)
    found = key_figures.of(Rows(branch="main", erased={"pulls": gone}), github.Options(), NOW)
    reasons = {one.metric: one.reason for one in found}
    for name in ("open_pr_age_days", "stale_percent"):
        assert reasons[name] == f"not known: {gone.reason}"
    assert "erased" not in reasons["pr_merge_time_hours"]


def test_what_is_open_is_known_again_once_as_many_are_known_as_github_counts() -> None:
    gone = Erased(before=NOW - timedelta(days=90), last=NOW - timedelta(days=90), is_open=True)
    known = tuple(Pull(number=n, base="main", created=NOW - timedelta(days=n), updated=NOW) for n in range(1, 7))
    for count, is_known in ((6, True), (7, False)):
        rows = Rows(branch="main", pulls=known, erased={"pulls": gone}, open={"pulls": count})
        found = {one.metric: one for one in key_figures.of(rows, github.Options(), NOW)}
        assert (found["open_pr_age_days"].value is not None) == is_known


def test_the_next_run_reads_only_what_is_new(checkout: Path) -> None:
    reader, state = repository(runs=600, items=100), Forgetful()
    measure(reader, checkout, state=state)
    reader.asked.clear()
    again = measure(reader, checkout, state=state)
    assert len(reader.asked) <= 12
    assert by_name(again)["build_success_rate"].n == by_name(measure(reader, checkout))["build_success_rate"].n


def test_versions_are_of_a_package(checkout: Path) -> None:
    with pytest.raises(ConfigError, match="`package`"):
        github.check(github.Options(deployments="version"), world(checkout))
