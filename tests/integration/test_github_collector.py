"""`use: github` against a repository over HTTP, with GitHub's limits: how much it asks, and what it does without."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from edgetpu_ci.collect import github
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.store.folder import Folder
from tests.fakes import large
from tests.fakes.clock import Clock
from tests.fakes.large import END
from tests.fakes.loopback import Reply
from tests.fakes.reading import missing
from tests.fakes.small_hub import Hub, served
from tests.fakes.world import world

RUNS, PULLS, ISSUES = 1000, 250, 150
USUAL = github.Options()
RUNS_PATH = "/repos/octo/tools/actions/runs"
RUNNERS_PATH = "/repos/octo/tools/actions/runners"
PROFILE_PATH = "/repos/octo/tools/community/profile"


def most_when_cold(runs: int, pulls: int, issues: int) -> int:
    """Full pages and a little: 492 for 20,000 runs, 5,000 pull requests and 3,000 issues."""
    return round(1.15 * (runs / 100 + runs / 200 + pulls / 100 + issues / 100)) + 30 + 25


@dataclass
class Job:
    """Runs of the collector against one hub, one after the other."""

    hub: Hub
    folder: Path
    env: dict[str, str]
    clock: Clock = field(default_factory=Clock)

    def run(self, days: float = 0, options: github.Options = USUAL) -> Collected:
        at = END + timedelta(days=days)
        clock = {"sleep": self.clock.sleep, "monotonic": self.clock.monotonic}
        here = world(self.folder, env=self.env, now=lambda: at, **clock)
        return github.collect_remembering(options, Folder(self.folder), here)

    def lost(self, days: int = 0) -> str:
        return missing(self.folder, self.hub.repository, days)


@contextmanager
def job(folder: Path, hub: Hub) -> Iterator[Job]:
    with served(hub) as env:
        yield Job(hub, folder, env)


def hub(runs: int = RUNS, pulls: int = PULLS, issues: int = ISSUES) -> Hub:
    return Hub(repository=large.repository(runs, pulls, issues))


def by_name(collected: Collected) -> dict[str, Measurement]:
    return {measurement.metric: measurement for measurement in collected.measurements}


def answering(
    status: int, path: str, message: str = "Resource not accessible by integration"
) -> Callable[[str], Reply | None]:
    """A hub that always answers so to a path."""
    body = f'{{"message": "{message}"}}'.encode()
    return lambda what: Reply(status=status, body=body) if what == path else None


def test_a_large_repository_is_whole_within_the_budget_and_a_day_later_within_a_small_one(tmp_path: Path) -> None:
    assert most_when_cold(20_000, 5000, 3000) <= 510
    with job(tmp_path, hub()) as it:
        cold = it.run()
        assert cold.incomplete == ()
        assert it.lost() == ""
        assert sum(it.hub.requests.values()) <= most_when_cold(RUNS, PULLS, ISSUES)
        it.hub.next_hour()
        large.day_later(it.hub.repository, 75)
        later = it.run(1)
        assert later.incomplete == ()
        assert it.lost(1) == ""
        assert sum(it.hub.requests.values()) <= 25
        assert it.hub.refused == []


def test_when_the_limit_is_reached_what_came_is_kept_and_the_next_hour_goes_on(tmp_path: Path) -> None:
    small = hub(runs=8000, pulls=100, issues=50)
    small.limit = 60
    with job(tmp_path, small) as it:
        first = it.run(options=github.Options(days=150))
        assert any(" runs from " in line and line.count("the next run goes on") for line in first.incomplete)
        assert "complete" in dict(by_name(first)["build_success_rate"].details)
        hours = 1
        while it.run().incomplete:
            it.hub.next_hour()
            it.clock.sleep(3601)
            hours += 1
            assert hours < 20
        assert it.lost() == ""


@pytest.mark.parametrize(
    ("path", "lost", "permission"),
    [
        ("pullRequests", "pr_merge_time_hours", "pull-requests: read"),
        ("issues", "issue_resolution_time_days", "issues: read"),
        (RUNS_PATH, "build_success_rate", "actions: read"),
        ("suites", "minutes_used", "checks: read"),
        (RUNNERS_PATH, "runners_online_percent", "administration: read"),
        (PROFILE_PATH, "community_profile_percent", "contents: read"),
    ],
)
@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_endpoint_that_is_refused_costs_its_own_figures(
    tmp_path: Path, path: str, lost: str, permission: str, status: int
) -> None:
    small = hub(runs=300, pulls=200, issues=200)
    small.before = answering(status, path)
    with job(tmp_path, small) as it:
        collected = it.run()
    found = by_name(collected)
    assert found[lost].value is None
    said = " ".join([found[lost].reason, *collected.incomplete])
    assert permission in said or status == 401
    assert found["pr_merge_time_hours" if path != "pullRequests" else "build_success_rate"].value is not None


@pytest.mark.parametrize("status", [422, 502, 504])
@pytest.mark.parametrize("path", ["pullRequests", RUNS_PATH, "suites"])
def test_a_service_that_is_broken_is_said_and_the_next_run_reads_all(tmp_path: Path, path: str, status: int) -> None:
    small = hub(runs=300, pulls=200, issues=200)
    small.before = answering(status, path, "Nope")
    with job(tmp_path, small) as it:
        broken = it.run()
        assert [line for line in broken.incomplete if f"answered {status}" in line]
        small.before = lambda _what: None
        it.clock.sleep(3601)
        whole = it.run()
        assert whole.incomplete == ()
        assert it.lost() == ""


def test_queries_that_are_too_heavy_are_asked_in_halves(tmp_path: Path) -> None:
    small = hub(runs=300, pulls=200, issues=200)
    heavy = iter([True, True, False, True])
    small.before = lambda what: Reply(status=502) if what == "suites" and next(heavy, False) else None
    with job(tmp_path, small) as it:
        assert it.run().incomplete == ()
        assert it.lost() == ""


def test_two_hundred_suites_are_asked_in_two_lists_of_a_hundred(tmp_path: Path) -> None:
    with job(tmp_path, hub(runs=2500, pulls=1, issues=1)) as it:
        assert it.run().incomplete == ()
        assert it.hub.refused == []
        assert it.hub.paths["suites"] < 2500 / 100


def test_a_run_again_after_20_days_is_found_by_the_weekly_look(tmp_path: Path) -> None:
    with job(tmp_path, hub(runs=300, pulls=1, issues=1)) as it:
        it.run()
        old = next(run for run in it.hub.repository.runs.values() if run.created > END - timedelta(days=20))
        again = replace(old, attempt=old.attempt + 1, updated=END, executions=(*old.executions, ("build", 9)))
        it.hub.repository.add(again)
        assert "runs" in it.lost()
        it.run(1)
        assert "runs" in it.lost(1)
        it.run(8)
        assert it.lost(8) == ""
