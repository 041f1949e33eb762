"""Collectors ask a GitHub that is held to GitHub's own description for nothing it does not have; with every fault."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from edgetpu_ci.collect import compliance, cost, github, security
from edgetpu_ci.github_rows import issues, pulls, runs
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.kpis import attempts
from edgetpu_ci.kpis.rows import WorkflowRun
from edgetpu_ci.memory import State
from edgetpu_ci.model import Collected
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import World
from tests.fakes.clock import Clock
from tests.fakes.hub import EVERYTHING, FakeHub, failures
from tests.fakes.hub.failures import Fault
from tests.fakes.hub.repository import END, Repository, large
from tests.fakes.world import world

YEARS: Final = github.Options(retention_days=800)
SAID: Final[dict[str, Any]] = {
    "/actions/runners": [{"status": "online"}],
    "/actions/artifacts": [{"size_in_bytes": 5}],
    "/collaborators": [{}],
    "/keys": [{}],
    "/hooks": [{}],
    "/actions/secrets": [{}],
    "/environments": [{}],
    "/dependabot/alerts": [{"state": "open"}],
    "/code-scanning/alerts": [{"state": "open"}],
    "/code-scanning/analyses": [{}],
}


@dataclass
class Place:
    """A store beside a hub, as of some days after the repository's end."""

    hub: FakeHub
    folder: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def store(self) -> State:
        return Folder(self.folder)

    def world(self, days: float = 0) -> World:
        at = END + timedelta(days=days)
        times = {"sleep": self.clock.sleep, "monotonic": self.clock.monotonic, "now": lambda: at}
        return world(self.folder, env=self.hub.env, **times)

    def read(self, days: float = 0) -> Collected:
        return github.collect_remembering(YEARS, self.store, self.world(days))

    def counts(self) -> tuple[int, int, int]:
        return (len(self.rows(pulls.KIND)), len(self.rows(issues.KIND)), len(self.rows(runs.KIND)))

    def rows(self, kind: Any) -> list[Any]:
        shelf: Shelf[Any] = Shelf(kind, self.store, END - timedelta(days=800))
        names = [name for name in self.store.values() if name.startswith(shelf.prefix)]
        return list(shelf.rows(names))


def hub(of: Repository, **parts: Any) -> FakeHub:
    return FakeHub(of, **{"now": lambda: END, "granted": EVERYTHING, "objects": dict(SAID), **parts})


def whole(of: Repository) -> tuple[int, int, int]:
    return (len(of.pulls), len(of.issues), len(of.runs))


def test_the_repository_s_life_is_read_whole_and_as_github_has_it(tmp_path: Path) -> None:
    with hub(large(share=0.02)) as it:
        place = Place(it, tmp_path)
        assert place.read().incomplete == ()
        assert place.counts() == whole(it.of)
        assert sum(len(run.jobs or ()) for run in place.rows(runs.KIND)) == sum(
            len(run.executions) for run in it.of.runs.values()
        )
        assert it.violations == []
        assert it.most_under_way <= 4


def test_a_run_that_was_run_again_after_twenty_days_is_found_by_the_weekly_look(tmp_path: Path) -> None:
    with hub(large(share=0.02)) as it:
        place = Place(it, tmp_path)
        place.read()
        chosen = min(run.id for run in it.of.runs.values() if run.created > END - timedelta(days=10))
        it.of.rerun(chosen, END + timedelta(days=10))
        place.read(days=12)
        found = [run for run in place.rows(runs.KIND) if run.id == chosen]
    assert [kept.attempt for kept in found] == [it.of.runs[chosen].attempt]
    assert {len(kept.jobs or ()) for kept in found if isinstance(kept, WorkflowRun)} == {
        len(it.of.runs[chosen].executions)
    }


def test_a_run_that_is_looked_at_closely_has_all_its_executions(tmp_path: Path) -> None:
    with hub(large(share=0.02)) as it:
        place = Place(it, tmp_path)
        newest = max((run for run in it.of.runs.values() if run.executions), key=lambda run: run.created)
        it.of.rerun(newest.id, END)
        place.read(days=0.1)
        (kept,) = [run for run in place.rows(runs.KIND) if run.id == newest.id]
    assert runs.is_detailed(kept)
    assert len(attempts.executions(kept)) == len(it.of.runs[newest.id].executions)


FAULTS: Final[dict[str, Fault]] = {
    "cut": failures.cut,
    "reset": failures.reset,
    "garbled": failures.garbled,
    "server error": failures.status(502),
    "too many": failures.status(429),
    "too many, wait": failures.status(429, "You have exceeded a secondary rate limit.", retry_after="3"),
    "secondary": failures.status(403, "You have exceeded a secondary rate limit."),
    "limited in GraphQL": failures.errors("RATE_LIMITED", "API rate limit exceeded"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_a_fault_kept_back_is_said_and_read_the_next_time(fault: Fault, tmp_path: Path) -> None:
    with hub(large(share=0.02)) as it:
        place = Place(it, tmp_path)
        it.befall("actions/runs|graphql", fault, times=9, spared=4)
        first = place.read()
        assert first.incomplete or place.counts() == whole(it.of)
        it.failures.clear()
        assert place.read(days=0.01).incomplete == ()
        assert place.counts() == whole(it.of)


def test_graphql_that_answers_in_part_is_asked_for_less(tmp_path: Path) -> None:
    with hub(large(share=0.02)) as it:
        place = Place(it, tmp_path)
        message = "Something went wrong while executing your query. This may be the result of a timeout."
        it.befall("graphql", failures.partial(message=message), times=2)
        place.read()
        place.read(days=0.01)
        assert place.counts() == whole(it.of)


COLLECTORS: Final[dict[str, Callable[[Place], Collected]]] = {
    "cost": lambda place: cost.collect_remembering(cost.Options(), place.store, place.world()),
    "compliance": lambda place: compliance.collect_remembering(compliance.Options(), place.store, place.world()),
    "security": lambda place: security.collect(security.Options(scan_workflow="ci.yml"), place.world()),
}


@pytest.mark.parametrize("name", COLLECTORS)
def test_a_collector_asks_for_what_github_has_and_a_bare_token_costs_no_more_than_its_figures(
    name: str, tmp_path: Path
) -> None:
    for granted in (EVERYTHING, frozenset({"metadata: read"})):
        with hub(large(share=0.005), granted=granted) as it:
            found = COLLECTORS[name](Place(it, tmp_path))
            assert found.measurements
            assert it.violations == []


def test_what_is_read_anew_is_counted_to_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with FakeHub(large(share=0.05)) as hub:
        place = Place(hub, tmp_path)
        place.read()
        told.clear()
        github.collect_remembering(
            YEARS, place.store, replace(place.world(1), progress=lambda *what: told.append(what))
        )
    for what in ("pull requests", "issues"):
        *_, (done, total) = [(done, total) for name, done, total in told if name == what]
        assert done == total


def test_a_repository_that_is_not_there_is_no_whole_report(tmp_path: Path) -> None:
    with FakeHub(large(share=0.05)) as hub:
        place = Place(hub, tmp_path)
        there = place.world()
        found = github.collect(YEARS, replace(there, env={**there.env, "GITHUB_REPOSITORY": "octo/nothing"}))
    assert any("octo/nothing" in said for said in found.incomplete), found.incomplete
