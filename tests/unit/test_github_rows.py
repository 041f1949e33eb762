"""Reading a repository's rows: whole, once, in few requests, and whatever breaks, the next run goes on."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, convert, structs

from edgetpu_ci import memory
from edgetpu_ci.errors import DeliveryError, DeniedError, StoreError
from edgetpu_ci.github_rows import catching_up, cursors, gathered, issues, overview, pulls, reading
from edgetpu_ci.github_rows.desk import BATCH, Desk
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import Deployment
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.upkeep import erase
from tests.fakes.small_github import START, Item, Run, SmallGitHub
from tests.fakes.world import world

NOW = START + timedelta(days=100)


def repository(runs: int = 0, items: int = 0, days: float = 100) -> SmallGitHub:
    """A repository with so many runs, pull requests and issues, spread over time."""
    github = SmallGitHub()
    for number in range(runs):
        created = START + timedelta(days=days * number / runs)
        when = created.replace(microsecond=0)
        github.add(Run(id=number + 1, created=when, updated=when + timedelta(minutes=9)))
    for number in range(items):
        when = (START + timedelta(days=days * number / items)).replace(microsecond=0)
        item = Item(number=number + 1, created=when, updated=when + timedelta(hours=1))
        github.pulls[number + 1] = github.issues[number + 1] = item
    return github


def desk(github: GitHub, state: State, now: datetime = NOW, keep: int = 400, batch: int = BATCH) -> Desk:
    at_desk = Desk(github, state, now=now, cut=now - timedelta(days=keep), bots=frozenset())
    at_desk.batch = batch
    return at_desk


def read(github: GitHub, state: State, now: datetime = NOW, batch: int = BATCH) -> Desk:
    at_desk = desk(github, state, now, batch=batch)
    reading.read(at_desk, "production")
    return at_desk


def kept(at_desk: Desk) -> dict[str, list[int]]:
    return {
        "runs": sorted(run.id for run in at_desk.runs.rows(at_desk.months(at_desk.runs))),
        "pulls": sorted(pull.number for pull in at_desk.pulls.rows(at_desk.months(at_desk.pulls))),
        "issues": sorted(issue.number for issue in at_desk.issues.rows(at_desk.months(at_desk.issues))),
    }


def everything(github: SmallGitHub) -> dict[str, list[int]]:
    return {"runs": sorted(github.runs), "pulls": sorted(github.pulls), "issues": sorted(github.issues)}


def test_all_rows_come_with_their_jobs_in_few_requests() -> None:
    github = repository(runs=4000, items=1000)
    state = Forgetful()
    whole = read(github, state)
    assert whole.incomplete == []
    assert whole.refused == {}
    assert kept(whole) == everything(github)
    assert all(run.jobs and len(run.jobs) == 2 for run in whole.runs.rows(whole.months(whole.runs)))
    # Pages of two lists; pages of runs, in windows that end with a page that is not full; jobs, the first queries
    # with fewer than 200 runs; details; three alone.
    assert len(github.asked) <= 20 + (40 + 5 + 1) + (20 + 15) + 30 + 3


def test_a_day_later_only_what_is_new_is_read() -> None:
    github = repository(runs=4000, items=1000)
    state = Forgetful()
    read(github, state)
    github.asked.clear()
    github.add(*(Run(id=5000 + n, created=NOW, updated=NOW) for n in range(40)))
    later = read(github, state, NOW + timedelta(days=1))
    assert kept(later) == everything(github)
    assert len(github.asked) <= 15


class KilledError(BaseException):
    """Nobody catches it."""


def breaking(at: Iterable[int], error: Callable[[], BaseException]) -> Callable[[int, str], None]:
    points = set(at)

    def before(number: int, _what: str) -> None:
        if number in points:
            raise error()

    return before


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(1, 80), min_size=1, max_size=4, unique=True),
    st.sampled_from([KilledError, DeliveryError]),
    st.sampled_from([1, 150, 700]),
)
def test_broken_off_anywhere_and_resumed_nothing_is_lost_and_nothing_doubled(
    points: list[int], error: type[BaseException], batch: int
) -> None:
    github = repository(runs=1200, items=250)
    state = Forgetful()
    github.before = breaking(points, lambda: error("It broke."))
    for _ in range(len(points) + 1):
        with suppress(KilledError):
            read(github, state, batch=batch)
    github.before = lambda _number, _what: None
    last = read(github, state, batch=batch)
    assert last.incomplete == []
    assert kept(last) == everything(github)
    assert all(run.jobs is not None for run in last.runs.rows(last.months(last.runs)))


def test_a_run_that_is_run_again_after_20_days_is_found_within_a_week() -> None:
    github = repository(runs=200)
    state = Forgetful()
    read(github, state)
    again = next(run for run in github.runs.values() if run.created > NOW - timedelta(days=21))
    executions = (("build", 1), ("test", 1), ("test", 2))
    github.change(again.id, attempt=2, updated=NOW + timedelta(days=1), executions=executions)
    later = read(github, state, NOW + timedelta(days=8))
    found = {run.id: run for run in later.runs.rows(later.months(later.runs))}[again.id]
    assert found.attempt == 2
    assert [job.name for job in found.jobs or ()] == ["build", "test", "test"]


def test_a_run_that_is_run_again_the_next_day_is_found_that_day() -> None:
    github = repository(runs=200)
    state = Forgetful()
    read(github, state)
    again = next(run for run in github.runs.values() if run.created > NOW - timedelta(hours=40))
    github.change(again.id, attempt=2, updated=NOW + timedelta(hours=20))
    later = read(github, state, NOW + timedelta(days=1))
    assert {run.id: run.attempt for run in later.runs.rows(later.months(later.runs))}[again.id] == 2


class Withholding(SmallGitHub):
    """It counts runs that it does not list."""

    def rest(self, path: str, query: Mapping[str, str | int]) -> Any:
        found = SmallGitHub.rest(self, path, query)
        if isinstance(found, dict) and "workflow_runs" in found:
            found["workflow_runs"] = [run for run in found["workflow_runs"] if run["id"] > 95]
        return found


def test_runs_that_are_counted_and_do_not_come_are_said_with_both_numbers_until_they_do() -> None:
    state, github = Forgetful(), Withholding()
    github.add(*repository(runs=384).runs.values())
    short = read(github, state)
    assert [line for line in short.incomplete if line.startswith("289 of the 384 runs from ")]
    assert len(kept(short)["runs"]) == 289
    healed = repository(runs=384)
    later = read(healed, state, NOW + timedelta(days=1))
    assert later.incomplete == []
    assert kept(later) == everything(healed)


def test_more_runs_in_a_second_than_github_lists_are_said_aloud() -> None:
    github = repository()
    github.add(*(Run(id=n + 1, created=NOW, updated=NOW) for n in range(1001)))
    at_desk = read(github, Forgetful())
    assert len(kept(at_desk)["runs"]) == 1000
    assert [line for line in at_desk.incomplete if "1,000 of the 1,001 runs" in line]


def test_a_clock_that_is_slow_does_not_hide_the_newest_runs() -> None:
    github = repository(runs=10)
    github.add(Run(id=900, created=NOW + timedelta(hours=5), updated=NOW + timedelta(hours=5)))
    assert kept(read(github, Forgetful()))["runs"] == sorted(github.runs)


@pytest.mark.parametrize("wrong", [timedelta(days=-30), timedelta(hours=-5), timedelta(hours=5), timedelta(days=30)])
def test_a_runners_clock_that_is_wrong_loses_nothing(wrong: timedelta) -> None:
    github = repository(runs=300, items=50)
    state = Forgetful()
    read(github, state, NOW + wrong)
    for n in range(5):
        when = NOW + timedelta(days=1, minutes=n)
        github.add(Run(id=1000 + n, created=when, updated=when))
        github.pulls[1000 + n] = Item(number=1000 + n, created=when, updated=when)
    later = read(github, state, NOW + timedelta(days=1, hours=1))
    assert kept(later) == everything(github)


def test_what_the_token_may_not_read_costs_only_its_own_rows() -> None:
    github = repository(runs=50, items=20)

    def before(_number: int, what: str) -> None:
        if what == "suites":
            raise DeniedError("GitHub answered 403 to GraphQL; the token needs `checks: read`.")

    github.before = before
    at_desk = read(github, Forgetful())
    assert set(at_desk.refused) == {"jobs"}
    assert kept(at_desk) == everything(github)
    github.before = lambda _number, _what: None


def test_a_suite_with_more_jobs_than_a_page_is_read_to_its_end() -> None:
    github = repository()
    executions = tuple((f"job {n}", 1) for n in range(260))
    github.add(Run(id=1, created=NOW, updated=NOW, executions=executions))
    at_desk = desk(github, Forgetful())
    catching_up._read_windows(at_desk, catching_up.gaps(at_desk, sweeps=False))
    (run,) = at_desk.runs.rows(at_desk.months(at_desk.runs))
    assert len(run.jobs or ()) == 260


class Hurried(Forgetful):
    """A state that another job changes just before it sets something."""

    other: Callable[[], object] = lambda: None
    swaps: int = 0

    def swap_all(self, changes: Mapping[str, memory.Swap]) -> bool:
        self.swaps += 1
        if self.swaps == 1:
            self.other()
        return Forgetful.swap_all(self, changes)


def test_two_jobs_at_once_lose_nothing_of_each_other() -> None:
    github = repository(runs=300, items=60)
    state = Hurried()
    state.other = lambda: read(github, state, NOW + timedelta(hours=1))
    read(github, state)
    last = read(github, state, NOW + timedelta(hours=2))
    assert kept(last) == everything(github)
    assert last.incomplete == []


def test_runs_that_had_not_ended_are_looked_at_again_however_old_they_are() -> None:
    github = repository(runs=100)
    github.add(Run(id=900, created=NOW - timedelta(days=6), updated=NOW - timedelta(days=6), status="waiting"))
    state = Forgetful()
    read(github, state)
    github.change(900, status="completed", updated=NOW)
    github.asked.clear()
    later = read(github, state, NOW + timedelta(days=1))
    assert "GET /repos/octo/tools/actions/runs/900" in github.asked
    found = {run.id: run for run in later.runs.rows(later.months(later.runs))}[900]
    assert (found.status, len(found.jobs or ())) == ("completed", 2)


def test_what_is_older_than_may_be_kept_goes_within_a_week() -> None:
    github = repository(runs=100, items=40)
    state = Forgetful()
    read(github, state)
    later = desk(github, state, NOW + timedelta(days=8), keep=30)
    reading.read(later, "production")
    cut = NOW - timedelta(days=22)
    fresh = desk(github, state)
    assert min(run.created for run in fresh.runs.rows(fresh.months(fresh.runs))) >= cut
    assert min(pull.updated for pull in fresh.pulls.rows(fresh.months(fresh.pulls))) >= cut
    assert kept(fresh)["runs"] == sorted(run.id for run in github.runs.values() if run.created >= cut)


def test_rows_that_are_to_be_kept_for_longer_are_read_again() -> None:
    github = repository(runs=200, items=60)
    state = Forgetful()
    for keep in (100, 20):
        reading.read(desk(github, state, keep=keep), "production")
    longer = desk(github, state, keep=400)
    reading.read(longer, "production")
    assert kept(longer) == everything(github)


def test_months_are_all_read_in_whichever_order_they_were_read_before() -> None:
    github = repository(runs=200)
    state = Forgetful()
    read(github, state)
    fresh = desk(github, state)
    months = fresh.months(fresh.runs)
    assert len(months) > 3
    for order in (months, months, months[::-1], months):
        assert sorted(run.id for run in fresh.runs.rows(order)) == sorted(github.runs)


def test_what_was_erased_while_a_job_read_does_not_count_as_read() -> None:
    github = repository(runs=300, items=60)
    state = Forgetful()
    read(github, state, NOW - timedelta(days=30))
    late = desk(github, state)
    state.kept.clear()
    with pytest.raises(StoreError, match="was erased while this job read; run it again"):
        reading.read(late, "production")
    assert state.kept == {}
    assert kept(read(github, state)) == everything(github)


@pytest.mark.parametrize("kind", [pulls.KIND, issues.KIND], ids=["pulls", "issues"])
def test_of_two_rows_of_the_same_second_the_one_that_came_last_counts(kind: Any) -> None:
    known = {"number": 1, "created": START, "updated": NOW}
    known |= {"base": "main"} if kind is pulls.KIND else {}
    before, after = kind.row(**known), kind.row(**known, closed=NOW)
    assert kind.newer(before, after) == after
    assert kind.newer(after, structs.replace(before, updated=START)) == after


def test_where_the_overview_was_never_read_nothing_is_known_of_deployments() -> None:
    github = repository(runs=20)

    def before(_number: int, what: str) -> None:
        if what == "overview":
            raise DeliveryError("GitHub did not answer.")

    github.before = before
    state = Forgetful()
    broken = read(github, state)
    broken.branch = "main"
    assert "GitHub was not read to the end" in gathered.rows(broken, NOW, (), "auto").missing["deployments"]
    github.before = lambda _number, _what: None
    assert gathered.rows(read(github, state), NOW, (), "auto").missing == {}
    assert gathered.rows(broken, NOW, (), "version").missing == {}


def test_a_deployment_that_failed_and_went_well_in_the_next_month_is_one() -> None:
    state = Forgetful()
    for day, failed in ((31, True), (32, False)):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1)
        row = Deployment(name="5", at=at, kind="deployment", failed=failed)
        state.swap(f"github-deliveries-{at:%Y-%m}", None, memory.pack([row]))
    found = gathered.rows(desk(repository(), state), NOW, (), "auto").deployments
    assert [(one.name, one.failed) for one in found] == [("5", False)]


def test_deployments_that_may_have_ended_since_are_asked_for_again() -> None:
    github = repository()
    at_desk = desk(github, Forgetful())
    at_desk.answered(overview.DEPLOYMENTS, cursors.Asked(NOW - timedelta(days=1)))
    begun = {"createdAt": (NOW - timedelta(days=5)).isoformat(), "databaseId": 5}
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "1"}, "nodes": [begun]}
    first = convert({"deployments": page}, overview.Overview)
    reading._deliveries(at_desk, overview.DEPLOYMENTS, first, "production")
    assert github.asked == ["overview"]


def test_before_a_gap_rows_are_not_whole() -> None:
    at_desk = desk(repository(), Forgetful())
    known = Span(at_desk.cut, NOW - timedelta(days=50)), Span(NOW - timedelta(days=9), NOW)
    at_desk.reached(runs=known, pulls=known[:1])
    assert gathered.rows(at_desk, NOW, (), "auto").since == {"runs": NOW - timedelta(days=9)}


def test_of_a_longer_time_what_was_deployed_is_read_again_too() -> None:
    state = Forgetful()
    asked = {part: cursors.Asked(NOW) for part in (overview.DEPLOYMENTS, overview.RELEASES)}
    state.swap(cursors.NAME, None, memory.pack(cursors.Cursors(days=90, asked=asked)))
    assert cursors.load(state, 90).asked == asked
    assert cursors.load(state, 400).asked == {}


def test_jobs_that_were_refused_are_read_once_they_may_be() -> None:
    github = repository(runs=100)

    def before(_number: int, what: str) -> None:
        if what == "suites":
            raise DeniedError("GitHub answered 403 to GraphQL; the token needs `checks: read`.")

    state = Forgetful()
    github.before = before
    read(github, state)
    github.before = lambda _number, _what: None
    later = read(github, state, NOW + timedelta(days=1))
    assert all(run.jobs for run in later.runs.rows(later.months(later.runs)))


def test_where_reading_broke_off_is_said_with_numbers() -> None:
    github = repository(runs=4000)
    github.before = breaking(range(30, 1000), lambda: DeliveryError("GitHub's rate limit is reached."))
    at_desk = read(github, Forgetful())
    (said,) = [line for line in at_desk.incomplete if " of 4,000 runs " in line]
    left = len(github.runs) - len([run for run in at_desk.runs.rows(at_desk.months(at_desk.runs)) if run.jobs])
    assert int(said.split()[0].replace(",", "")) >= left
    assert "were not read yet; the next run goes on where this one stopped (GitHub's rate limit is reached)." in said
    assert " to 2026-04-1" not in said


def test_nothing_that_names_a_person_is_stored() -> None:
    github = repository(runs=30, items=30)
    github.add(Run(id=900, created=NOW - timedelta(days=1), updated=NOW, event="pull_request"))
    state = Forgetful()
    at_desk = read(github, state)
    assert {run.branch for run in at_desk.runs.rows(at_desk.months(at_desk.runs))} == {"main", ""}
    everything_stored = b"".join(bytes(memory.unpack(data, Raw, name)) for name, data in state.kept.items())
    assert b"octocat" not in everything_stored
    assert b"login" not in everything_stored


MONTH = "2026-03"


@pytest.mark.parametrize("kind", ["runs", "pulls", "issues"])
@pytest.mark.parametrize("data", [None, b"", b"no gzip", memory.pack([{"id": "none"}])])
def test_a_month_that_is_lost_is_said_and_read_again_in_the_same_run(kind: str, data: bytes | None) -> None:
    github, state = repository(runs=300, items=60), Forgetful()
    read(github, state)
    name = f"github-{kind}-{MONTH}"
    state.swap(name, state.state(name), data)
    again = read(github, state, NOW + timedelta(hours=1))
    (said,) = again.mended
    assert said.startswith(name)
    assert said.endswith("the rows of that time are read again.")
    assert again.incomplete == []
    assert kept(again) == everything(github)
    assert read(github, state, NOW + timedelta(hours=2)).mended == []


@pytest.mark.parametrize("months", [["2026-03"], ["2026-02", "2026-03"], ["2026-04"], ["2026-01"]])
def test_what_is_lost_is_not_known_until_it_was_read(months: list[str]) -> None:
    github, state = repository(runs=300, items=60), Forgetful()
    read(github, state)
    for kind, month in product(("runs", "pulls", "issues"), months):
        del state.kept[f"github-{kind}-{month}"]
    github.before = breaking(range(10000), lambda: DeliveryError("GitHub did not answer."))
    for hours in (1, 2):
        late = desk(github, state, NOW + timedelta(hours=hours))
        reading.read(late, "production")
        for at in gathered.rows(late, NOW, (), "auto").since.values():
            assert f"{at:%Y-%m}" >= months[-1]
        assert len(gathered.rows(late, NOW, (), "auto").since) == 3
    github.before = lambda _number, _what: None
    healed = read(github, state, NOW + timedelta(hours=3))
    assert gathered.rows(healed, NOW, (), "auto").since == {}
    assert kept(healed) == everything(github)


def test_deployments_of_a_month_that_is_lost_are_asked_for_again() -> None:
    asked = {part: cursors.Asked(NOW) for part in (overview.DEPLOYMENTS, overview.RELEASES, "profile")}
    known = cursors.Cursors(days=400, asked=asked, held=("github-deliveries-2026-03",))
    state = Forgetful({cursors.NAME: memory.pack(known)})
    assert set(desk(repository(), state).cursors.asked) == {"profile"}


def test_cursors_that_cannot_be_read_are_a_beginning_that_is_said() -> None:
    github, state = repository(runs=100, items=20), Forgetful()
    read(github, state)
    state.kept[cursors.NAME] = b"no gzip"
    again = read(github, state, NOW + timedelta(hours=1))
    (said,) = again.mended
    assert "github-cursors in the store cannot be read" in said
    assert kept(again) == everything(github)
    assert read(github, state, NOW + timedelta(hours=2)).mended == []


def test_what_was_erased_is_not_read_again(tmp_path: Path) -> None:
    github, store = repository(runs=300, items=60), Folder(tmp_path / "store")
    read(github, store, NOW - timedelta(days=9))
    erase.erase(store, erase.Before(date(2026, 3, 20)), world(tmp_path, now=lambda: NOW - timedelta(days=9)))
    limit = datetime(2026, 3, 20, tzinfo=UTC)
    for at_desk in (read(github, store), desk(github, store, keep=800)):
        reading.read(at_desk, "production")
        assert at_desk.mended == []
        assert min(run.created for run in at_desk.runs.rows(at_desk.months(at_desk.runs))) >= limit
        assert min(pull.created for pull in at_desk.pulls.rows(at_desk.months(at_desk.pulls))) >= limit
        assert set(gathered.rows(at_desk, NOW, (), "auto").erased) == {"runs", "pulls", "issues"}


def test_what_was_to_be_erased_and_could_not_be_read_does_not_come_back_either(tmp_path: Path) -> None:
    github, store = repository(items=60), Folder(tmp_path / "store")
    read(github, store)
    name = "github-pulls-2026-01"
    store.swap(name, store.state(name), b"no gzip")
    assert erase.erase(store, erase.Before(date(2026, 2, 1)), world(tmp_path, now=lambda: NOW)).unread
    later = read(github, store, NOW + timedelta(days=1))
    assert len(later.mended) == 1
    limit = datetime(2026, 2, 1, tzinfo=UTC)
    assert min(pull.created for pull in later.pulls.rows(later.months(later.pulls))) >= limit
    assert gathered.rows(later, NOW, (), "auto").erased["pulls"].before == limit


def test_a_pull_request_of_erased_time_to_which_something_happens_is_known_anew(tmp_path: Path) -> None:
    github, store = repository(items=60), Folder(tmp_path / "store")
    read(github, store, NOW)
    erase.erase(store, erase.Before(date(2026, 4, 1)), world(tmp_path, now=lambda: NOW))
    github.pulls[3] = replace(github.pulls[3], updated=NOW + timedelta(hours=5))
    later = read(github, store, NOW + timedelta(days=1))
    assert 3 in kept(later)["pulls"]
    assert 4 not in kept(later)["pulls"]
