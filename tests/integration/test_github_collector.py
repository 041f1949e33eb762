"""`use: github` against a simulated GitHub with its limits: how much it asks, and what it does without."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from edgetpu_ci.collect import github, github_actions
from edgetpu_ci.github_rows import jobs
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.store.folder import Folder
from tests.fakes.clock import Clock
from tests.fakes.hub import EVERYTHING, FakeHub
from tests.fakes.hub.failures import Fault, cut, errors, garbled, partial, reset, status
from tests.fakes.hub.repository import END, Repository, large
from tests.fakes.read_rows import day_later, missing
from tests.fakes.reading import OPTIONS
from tests.fakes.world import world

SHARE, SMALL = 1 / 20, 1 / 60
RUNS, RUNNERS, PROFILE = r"actions/runs\?", "actions/runners", "community/profile"
GRAPHQL = "POST /graphql"
FIGURES = {
    "pull-requests: read": "pr_merge_time_hours",
    "issues: read": "issue_resolution_time_days",
    "checks: read": "minutes_used",
    "deployments: read": "deployment_frequency_per_week",
    "actions: read": "build_success_rate",
    "administration: read": "runners_online_percent",
}


def most_when_cold(runs: int, pulls: int, issues: int) -> int:
    """Full pages and a little: 492 for 20,000 runs, 5,000 pull requests and 3,000 issues."""
    return round(1.15 * (runs / 100 + runs / 200 + pulls / 100 + issues / 100)) + 30 + 25


@dataclass
class Job:
    """Runs of the collector against one hub, one after the other."""

    hub: FakeHub
    folder: Path
    clock: Clock

    def run(self, days: float = 0, options: github.Options = OPTIONS) -> Collected:
        at = END + timedelta(days=days)
        clock = {"sleep": self.clock.sleep, "monotonic": self.clock.monotonic}
        here = world(self.folder, env=self.hub.env, now=lambda: at, **clock)
        return github.collect_remembering(options, Folder(self.folder), here)

    def lost(self) -> str:
        return missing(self.folder, self.hub.of)


@contextmanager
def job(folder: Path, of: Repository, **options: object) -> Iterator[Job]:
    clock = Clock()
    known = {"granted": EVERYTHING, "now": clock.now, **options}
    with FakeHub(of, **known) as hub:  # type: ignore[arg-type]
        yield Job(hub, folder, clock)
        assert hub.violations == []


def by_name(collected: Collected) -> dict[str, Measurement]:
    return {measurement.metric: measurement for measurement in collected.measurements}


def test_a_large_repository_is_whole_within_the_budget_and_a_day_later_within_a_small_one(tmp_path: Path) -> None:
    assert most_when_cold(20_000, 5000, 3000) <= 510
    made = large(share=SHARE)
    with job(tmp_path, made) as it:
        cold = it.run()
        assert cold.incomplete == ()
        assert it.lost() == ""
        assert it.hub.requests.total() <= most_when_cold(len(made.runs), len(made.pulls), len(made.issues))
        it.hub.requests.clear()
        day_later(made)
        later = it.run(1)
        assert later.incomplete == ()
        assert it.lost() == ""
        assert it.hub.requests.total() <= 25


def test_when_the_limit_is_reached_what_came_is_kept_and_the_next_hour_goes_on(tmp_path: Path) -> None:
    made = large(share=0.2)
    made.pulls, made.issues = (dict(list(items.items())[-100:]) for items in (made.pulls, made.issues))  # type: ignore[assignment]
    with job(tmp_path, made, most=50) as it:
        first = it.run(options=replace_days(120))
        said, *others = first.incomplete
        assert " runs from " in said
        assert "the next run goes on where this one stopped (GitHub's limit for " in said
        assert all("for the same reason" in line for line in others)
        assert "complete" in dict(by_name(first)["build_success_rate"].details)
        for _ in range(30):
            it.clock.sleep(3601)
            if not it.run().incomplete:
                break
        assert it.lost() == ""


def replace_days(days: float) -> github.Options:
    return github.Options(days=days, retention_days=OPTIONS.retention_days)


@pytest.mark.parametrize("permission", FIGURES)
def test_a_permission_that_is_missing_costs_its_own_figures_and_is_named(tmp_path: Path, permission: str) -> None:
    with job(tmp_path, large(share=SMALL), granted=EVERYTHING - {permission}) as it:
        collected = it.run()
    found = by_name(collected)
    lost = found[FIGURES[permission]]
    assert lost.value is None
    assert f"`{permission}`" in " ".join([lost.reason, *collected.incomplete])
    others = set(FIGURES) - {permission} - ({"checks: read"} if permission == "actions: read" else set())
    others -= {"administration: read"}  # No runner is registered, of which there would be a figure.
    assert {other for other in others if found[FIGURES[other]].value is None} == set()


@pytest.mark.parametrize("code", [401, 403, 404])
@pytest.mark.parametrize(
    ("path", "figure"),
    [(RUNS, "build_success_rate"), (RUNNERS, "runners_online_percent"), (PROFILE, "community_profile_percent")],
)
def test_an_endpoint_that_is_refused_costs_its_own_figures(tmp_path: Path, path: str, figure: str, code: int) -> None:
    with job(tmp_path, large(share=SMALL)) as it:
        it.hub.fail(path, code)
        found = by_name(it.run())
    assert (found[figure].value, str(code) in found[figure].reason) == (None, True)
    assert found["pr_merge_time_hours"].value is not None


@pytest.mark.parametrize("fault", [status(401), status(503), reset], ids=["401", "503", "reset"])
def test_a_token_or_service_that_is_none_is_said_once_and_asked_no_more(tmp_path: Path, fault: Fault) -> None:
    with job(tmp_path, large(share=SMALL)) as it:
        it.hub.befall("", fault)
        collected = it.run()
    (said,) = [line for line in collected.incomplete if "the next run goes on" not in line]
    assert it.hub.requests.total() <= 16
    assert by_name(collected)["build_success_rate"].reason == f"not known: {said.rstrip('.')}"


BROKEN: list[Fault] = [status(422), status(502), status(504), cut, garbled]


@pytest.mark.parametrize("fault", BROKEN, ids=["422", "502", "504", "cut", "garbled"])
@pytest.mark.parametrize(("pattern", "spared"), [(GRAPHQL, 2), (RUNS, 3), (GRAPHQL, 5)], ids=["pulls", "runs", "jobs"])
def test_a_service_that_breaks_is_said_and_the_next_run_reads_all(
    tmp_path: Path, fault: Fault, pattern: str, spared: int
) -> None:
    with job(tmp_path, large(share=SMALL)) as it:
        it.hub.befall(pattern, fault, spared=spared)
        assert [line for line in it.run().incomplete if "the next run goes on" in line]
        it.hub.failures.clear()
        it.clock.sleep(3601)
        assert it.run().incomplete == ()
        assert it.lost() == ""


def test_graphql_that_is_limited_inside_an_answer_ends_the_reading_for_now(tmp_path: Path) -> None:
    with job(tmp_path, large(share=SMALL)) as it:
        it.hub.befall(GRAPHQL, errors("RATE_LIMITED", "API rate limit exceeded"), spared=3)
        assert [line for line in it.run().incomplete if "rate limit" in line]
        it.hub.failures.clear()
        it.clock.sleep(3601)
        assert it.run().incomplete == ()
        assert it.lost() == ""


def test_an_answer_of_which_a_part_broke_is_asked_once_more(tmp_path: Path) -> None:
    with job(tmp_path, large(share=SMALL)) as it:
        it.hub.befall(GRAPHQL, partial("repository"), times=1, spared=2)
        assert it.run().incomplete == ()
        assert it.lost() == ""


def test_queries_that_are_too_heavy_are_asked_in_halves(tmp_path: Path) -> None:
    with job(tmp_path, large(share=SMALL), heaviest=2000) as it:
        assert it.run().incomplete == ()
        assert it.lost() == ""


def test_two_hundred_suites_are_asked_in_two_lists_of_a_hundred(tmp_path: Path) -> None:
    assert jobs.MOST == 2 * jobs.IDS == 200
    made = large(share=0.1)
    made.pulls, made.issues = {}, {}
    with job(tmp_path, made) as it:
        assert it.run().incomplete == ()
        assert it.lost() == ""
        # Three of them: the overview, and a page of nothing of each list.
        assert it.hub.requests["graphql"] - 3 < len(made.runs) / 100


def test_a_run_again_after_20_days_is_found_by_the_weekly_look(tmp_path: Path) -> None:
    made = large(share=SMALL)
    with job(tmp_path, made) as it:
        it.run()
        old = next(run for run in made.runs.values() if run.created > END - timedelta(days=20))
        made.rerun(old.id, END)
        it.run(1)
        assert "runs" in it.lost()
        it.run(8)
        assert it.lost() == ""


def test_a_deleted_run_and_its_suite_take_nothing_down(tmp_path: Path) -> None:
    made = large(share=SMALL)
    first = max(made.runs)
    with job(tmp_path, made) as it:
        made.runs[first] = replace(made.runs[first], status="in_progress", conclusion=None)
        it.run()
        del made.runs[first]
        assert it.run(5).incomplete == ()


def test_a_run_times_itself_by_what_github_shows_of_it(tmp_path: Path) -> None:
    made = large(share=SMALL)
    run = next(run for run in made.runs.values() if run.attempt == 2)
    with job(tmp_path, made) as it:
        of_run = {"GITHUB_RUN_ID": str(run.id), "GITHUB_RUN_ATTEMPT": "2", "RUNNER_NAME": "runner"}
        env = {**it.hub.env, **of_run, "GITHUB_WORKFLOW_REF": f"octo/tools/.github/workflows/{run.workflow}@main"}
        collected = github_actions.collect(github_actions.Options(), world(tmp_path, env=env))
        assert it.hub.requests.total() == 2
    found = {figure.key: figure.value for figure in collected.measurements}
    newest = [one for one in run.executions if one.attempt == 2]
    last = max(one.completed for one in newest if one.completed)
    taken = last - min(one.started for one in newest)
    assert found[f"{run.workflow}/run_so_far_seconds"] == taken.total_seconds()
    assert len([key for key in found if key.endswith("/job_seconds")]) == len(newest)


def test_the_table_of_costs_is_printed_with_all_rows(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "scripts/kpi_cost.py"
    done = subprocess.run([sys.executable, script, "100"], cwd=tmp_path, capture_output=True, check=True, text=True)
    assert done.stdout.count("rows complete  yes") == 2
    assert "DevLake" in done.stdout
