"""What holds of key figures whatever the rows are."""

from datetime import datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edgetpu_ci import metrics
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Commit, Deployment, Issue, Job, Pull, Rows, WorkflowRun
from tests.fakes import small_repository as small
from tests.fakes.small_repository import AS_OF, DAY

ENDS = ("success", "failure", "cancelled", "skipped", "timed_out", "startup_failure", "neutral", "action_required")

times = st.integers(0, 90 * 24 * 60).map(lambda minutes: AS_OF + 5 * DAY - timedelta(minutes=minutes))
short = st.integers(-5, 7200).map(lambda seconds: timedelta(seconds=seconds))
bots = st.sampled_from(["", "", "dependabot"])


@st.composite
def pulls(draw: st.DrawFn) -> Pull:
    """One that is open, closed or merged, whatever was said of it before."""
    created, number = draw(times), draw(st.integers(1, 10**6))
    end = created + abs(draw(short)) * 24 if draw(st.booleans()) else None
    ready = draw(st.none() | st.just(created + (end - created) / 2)) if end else None
    return Pull(
        number=number,
        base=draw(st.sampled_from(["main", "1.x"])),
        created=created,
        ready=ready,
        drafts=((created, ready),) if ready or draw(st.booleans()) else (),
        reviewed=draw(st.none() | times),
        committed=draw(st.none() | times),
        merged=end if draw(st.booleans()) else None,
        closed=end,
        merged_as=f"sha{number}",
        labels=draw(st.sampled_from([(), ("hotfix",)])),
        bot=draw(bots),
        updated=end or created,
    )


@st.composite
def jobs(draw: st.DrawFn, near: datetime) -> Job:
    """An execution, perhaps of wrong clocks."""
    started = draw(st.none() | short.map(lambda wait: near + wait))
    return Job(
        name=draw(st.sampled_from(["build", "test", "lint"])),
        conclusion=draw(st.sampled_from(ENDS)),
        started=started,
        completed=started + draw(short) if started and draw(st.booleans()) else None,
        created=draw(st.none() | st.just(near)),
        attempt=draw(st.sampled_from([None, 1, 2])),
        labels=draw(st.sampled_from([(), ("self-hosted",), ("ubuntu-latest",)])),
    )


@st.composite
def runs(draw: st.DrawFn) -> WorkflowRun:
    """Any run, with or without its jobs."""
    created = draw(times)
    number = draw(st.integers(1, 10**6))
    return WorkflowRun(
        id=number,
        number=number,
        attempt=draw(st.integers(1, 3)),
        workflow=draw(st.sampled_from(["ci.yml", "nightly.yml"])),
        event=draw(st.sampled_from(["push", "schedule", "pull_request", "merge_group", "release"])),
        branch=draw(st.sampled_from(["main", "topic", ""])),
        commit="c",
        status=draw(st.sampled_from(["completed", "completed", "in_progress"])),
        conclusion=draw(st.sampled_from(ENDS)),
        created=created,
        started=created,
        updated=created + abs(draw(short)),
        suite_created=draw(st.none() | st.just(created)),
        jobs=draw(st.none() | st.lists(jobs(created), max_size=5).map(tuple)),
        bot=draw(bots),
    )


@st.composite
def issues(draw: st.DrawFn) -> Issue:
    """An open or closed issue."""
    created = draw(times)
    closed = created + abs(draw(short)) * 24 if draw(st.booleans()) else None
    reason = draw(st.sampled_from(["completed", "not_planned", ""])) if closed else ""
    return Issue(number=1, created=created, closed=closed, reason=reason, updated=closed or created, bot=draw(bots))


deployments = st.builds(
    Deployment,
    name=st.sampled_from(["1.0.0", "v1.0.1", "2.0", "main", "nightly"]),
    at=times,
    commit=st.sampled_from(["", "sha1", "sha2"]),
    kind=st.sampled_from(["deployment", "release", "version"]),
    failed=st.booleans(),
    prerelease=st.booleans(),
)
commits = st.builds(
    Commit, sha=st.sampled_from(["sha1", "sha2", "sha3"]), at=times, authored=times, is_bot=st.booleans()
)


def some(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=12).map(tuple)


rows = st.builds(
    Rows,
    branch=st.just("main"),
    pulls=some(pulls()),
    issues=some(issues()),
    runs=some(runs()),
    deployments=some(deployments),
    commits=some(commits),
)


@settings(max_examples=60)
@given(rows)
def test_every_figure_lies_within_its_bounds_or_says_why_it_is_unknown_and_names_programs_alone(found: Rows) -> None:
    for one in key_figures.of(found, Options(), AS_OF):
        unit = metrics.find(one.metric).unit
        assert one.subject in {"repository", "dependabot", "ci.yml", "nightly.yml"}
        assert (one.value is None) == one.reason.startswith("not known: ")
        if one.value is not None:
            assert 0 <= one.value <= (100 if unit == "%" else float("inf")), one
            assert one.interval is None or one.interval[0] - 1e-9 <= one.value <= one.interval[1] + 1e-9


def test_two_deployments_of_one_name_and_moment_have_an_order_of_their_own() -> None:
    two = [
        Deployment(name="1.0.0", at=AS_OF - DAY, commit=sha, kind="version", failed=failed)
        for sha, failed in (("sha1", True), ("sha1", False), ("sha2", True))
    ]
    found = [key_figures.of(Rows(branch="main", deployments=order), Options(), AS_OF) for order in permutations(two)]
    assert all(one == found[0] for one in found)


@settings(max_examples=60)
@given(rows, st.randoms())
def test_the_order_of_rows_changes_nothing(found: Rows, random: object) -> None:
    def mixed(items: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(random.sample(items, len(items)))  # type: ignore[attr-defined]

    names = ("pulls", "issues", "runs", "deployments")
    # Two runs of one number and workflow have no order, and are none of GitHub's.
    numbered = tuple(structs.replace(run, number=place, id=place) for place, run in enumerate(found.runs))
    found = structs.replace(found, runs=numbered)
    other = structs.replace(found, **{name: mixed(getattr(found, name)) for name in names})
    assert key_figures.of(found, Options(), AS_OF) == key_figures.of(other, Options(), AS_OF)


RATES = ("success_rate", "flaky_rate", "failure_streak", "duration_seconds", "time_seconds")


@given(st.sampled_from(["cancelled", "skipped"]), st.sampled_from(["ci.yml", "nightly.yml"]), times)
def test_a_cancelled_or_skipped_run_changes_no_rate_no_streak_and_no_duration(
    end: str, workflow: str, when: datetime
) -> None:
    run = structs.replace(
        small.CI[0], number=99, conclusion=end, jobs=(), created=when, updated=when, workflow=workflow
    )

    def figures(rows: Rows) -> dict[str, tuple[float | None, object]]:
        found = key_figures.of(rows, Options(), AS_OF)
        return {one.key: (one.value, one.earlier) for one in found if one.metric.endswith(RATES)}

    assert figures(structs.replace(small.ROWS, runs=(*small.ROWS.runs, run))) == figures(small.ROWS)


@given(st.lists(times.filter(lambda at: at < AS_OF), max_size=9))
def test_what_is_still_open_lowers_no_duration(made: list[datetime]) -> None:
    open_pulls = tuple(small.pull(1000 + place, "11-01") for place, _ in enumerate(made))
    open_issues = tuple(small.issue(1000 + place, when) for place, when in enumerate(made))
    more = structs.replace(
        small.ROWS,
        pulls=(
            *small.ROWS.pulls,
            *(structs.replace(one, created=at) for one, at in zip(open_pulls, made, strict=True)),
        ),
        issues=(*small.ROWS.issues, *open_issues),
    )

    def durations(rows: Rows) -> dict[str, float | None]:
        found = key_figures.of(rows, Options(), AS_OF)
        return {one.key: one.value for one in found if one.metric.startswith(("pr_", "issue_"))}

    assert durations(more) == durations(small.ROWS)
