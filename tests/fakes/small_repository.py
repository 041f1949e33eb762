"""A repository small enough to compute all its key figures by hand, as tests/fakes/by_hand.py does.

It is the 25th of November 2026, a Wednesday; 30 days before was a Monday, so that the window has four whole ISO weeks,
44 to 47. A library: its deployments are the versions on the package index.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from edgetpu_ci.kpis.rows import Commit, Deployment, Issue, Job, Pull, Rows, WorkflowRun

AS_OF = datetime(2026, 11, 25, tzinfo=UTC)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(when: str) -> datetime:
    """A time of 2026: "11-02" or "11-02 08:00"."""
    day, _, clock = when.partition(" ")
    return datetime.fromisoformat(f"2026-{day}T{clock or '00:00'}:00+00:00")


def pull(number: int, created: str, merged: str = "", **more: Any) -> Pull:
    """A pull request into main, by whom and with what `more` says."""
    came = at(merged) if merged else None
    fields = {"base": "main", "merged": came, "closed": came, "merged_as": f"c{number}" if came else "", **more}
    return Pull(number=number, created=at(created), updated=came or at(created), **fields)


def spans(*pairs: str) -> tuple[tuple[datetime, datetime | None], ...]:
    """Spans as a draft: "11-03 to 11-04"."""
    ends = (pair.split(" to ") for pair in pairs)
    return tuple((at(start), at(end) if end else None) for start, end in ends)


PEOPLES = (
    pull(1, "11-02 08:00", "11-02 18:00", reviewed=at("11-02 12:00"), committed=at("11-01 20:00")),
    pull(
        2,
        "11-03",
        "11-04 06:00",
        drafts=spans("11-03 to 11-04"),
        ready=at("11-04"),
        reviewed=at("11-03 20:00"),
        committed=at("11-02 12:00"),
    ),
    pull(
        3,
        "11-05",
        "11-06 02:00",
        drafts=spans("11-05 06:00 to 11-05 18:00"),
        ready=at("11-05 18:00"),
        reviewed=at("11-05 02:00"),
        committed=at("11-04 22:00"),
    ),
    # A revert of 1, merged without a review.
    pull(
        4,
        "11-10 10:00",
        "11-10 13:00",
        drafts=spans("11-10 10:00 to 11-10 12:00"),
        ready=at("11-10 12:00"),
        committed=at("11-10 09:00"),
    ),
    pull(
        5,
        "11-11",
        "11-13 12:00",
        drafts=spans("11-11 to 11-11 08:00", "11-11 12:00 to 11-11 20:00"),
        ready=at("11-11 20:00"),
        reviewed=at("11-12 08:00"),
        committed=at("11-08"),
        labels=("hotfix",),
    ),
    pull(
        6,
        "11-16",
        "11-16 12:00",
        drafts=spans("11-16 to 11-16 06:00"),
        ready=at("11-16 06:00"),
        reviewed=at("11-16 11:00"),
        committed=at("11-15 18:00"),
    ),
)

BOTS = tuple(
    pull(10 + hours, "11-12", f"11-12 0{hours}:00", committed=at("11-12"), bot="dependabot") for hours in range(1, 6)
)

OTHERS = (
    pull(7, "11-12", "11-13", base="1.x"),
    pull(8, "11-13", closed=at("11-14")),
    pull(9, "11-15", drafts=spans("11-15 to ")),
    pull(20, "11-05"),
    pull(21, "10-26"),
    pull(22, "10-16"),
    pull(23, "09-16"),
)


def issue(number: int, created: datetime, closed: datetime | None = None, **more: Any) -> Issue:
    """An issue, completed where it was closed and `more` says nothing else."""
    fields = {"reason": "completed" if closed else "", **more}
    return Issue(number=number, created=created, closed=closed, updated=closed or created, **fields)


ISSUES = (
    *(issue(30 + took, at("11-05"), at("11-05") + took * DAY) for took in (1, 2, 3, 5, 9)),
    issue(41, at("11-05"), at("11-06"), reason="not_planned"),
    issue(42, at("11-05"), at("11-06"), reason="duplicate"),
    issue(43, at("11-05"), at("11-06"), bot="dependabot"),
    issue(44, at("09-01"), at("10-01")),
    *(issue(50 + age, AS_OF - age * DAY) for age in (2, 4, 8, 16, 80)),
)


def run(number: int, created: str, conclusion: str, *jobs: Job, **more: Any) -> WorkflowRun:
    """A run of ci.yml for a push to main, if `more` says nothing else; its last change is an hour after its end."""
    began = at(created)
    fields = {"workflow": "ci.yml", "event": "push", "branch": "main", "attempt": 1, "started": began, **more}
    ends = [job.completed for job in jobs if job.completed]
    return WorkflowRun(
        id=1000 * sum(map(ord, fields["workflow"])) + number,
        number=number,
        commit=f"c{number}",
        status="completed",
        conclusion=conclusion,
        created=began,
        updated=max(ends, default=began) + HOUR,
        suite_created=began,
        jobs=jobs,
        **fields,
    )


def job(name: str, created: str, begins: int, seconds: int, conclusion: str = "success", **more: Any) -> Job:
    """A job of a run that was created then, which began `begins` seconds later and took so many.

    `waited` says for how long, of a run that was looked at in detail.
    """
    began = at(created) + begins * SECOND
    if (waited := more.pop("waited", None)) is not None:
        more["created"] = began - waited * SECOND
    return Job(name=name, conclusion=conclusion, started=began, completed=began + seconds * SECOND, **more)


GITHUBS: dict[str, Any] = {"labels": ("ubuntu-latest",), "group": "GitHub Actions", "attempt": 1}
OWN: dict[str, Any] = {"labels": ("self-hosted", "coral"), "group": "Default", "attempt": 1}


def both(created: str, build: int, test: int, end: str = "success", waits: tuple[int, int] | None = None) -> list[Job]:
    """A job that builds, and one that tests behind it."""
    details = [{"waited": waited, **GITHUBS} for waited in waits] if waits else [{}, {}]
    return [job("build", created, 10, build, **details[0]), job("test", created, 10 + build, test, end, **details[1])]


CI = (
    run(1, "11-02 12:00", "success", *both("11-02 12:00", 60, 120, waits=(10, 4))),
    run(2, "11-03 12:00", "success", *both("11-03 12:00", 61, 130, waits=(10, 6))),
    # Its test failed, and succeeded a day later, when it alone was run again.
    run(
        3,
        "11-04 12:00",
        "success",
        *both("11-04 12:00", 62, 30, "failure"),
        job("test", "11-05 12:00", 10, 140),
        attempt=2,
        started=at("11-05 12:00"),
    ),
    run(4, "11-06 12:00", "cancelled", job("build", "11-06 12:00", 10, 20, "cancelled")),
    # GitHub's clocks: this build began two seconds before it was queued.
    run(5, "11-09 12:00", "success", *both("11-09 12:00", 70, 150, waits=(-2, 8))),
    run(6, "11-12 12:00", "failure", *both("11-12 12:00", 60, 40, "failure")),
    run(7, "11-13 12:00", "skipped", job("build", "11-13 12:00", 0, 0, "skipped")),
    run(8, "11-14 12:00", "failure", job("build", "11-14 12:00", 10, 30, "failure")),
)

NIGHTLY = tuple(
    run(number, day, end, job("tests", day, 10, took, end), workflow="nightly.yml", event="schedule")
    for number, (day, end, took) in enumerate(
        (("11-10 03:00", "success", 300), ("11-11 03:00", "success", 310), ("11-16 03:00", "timed_out", 3600)), 1
    )
)

RELEASE = run(
    1,
    "11-14 00:00",
    "success",
    job("build and upload", "11-14 00:00", 10, 20),
    workflow="release.yml",
    event="release",
    branch="v1.2.1",
)

_OF_PULL: dict[str, Any] = {"event": "pull_request", "branch": "topic"}

OF_PULLS = tuple(
    run(100 + place, day, end, job("test", day, 10, 90, end, waited=20 + 10 * place, **OWN), **_OF_PULL)
    for place, (day, end) in enumerate(
        (
            ("11-02 09:00", "success"),
            ("11-03 09:00", "failure"),
            ("11-05 09:00", "success"),
            ("11-10 11:00", "success"),
            ("11-11 09:00", "success"),
        )
    )
)

OF_BOTS = tuple(
    run(200 + place, day, "success", job("lint", day, 10, 30), bot="dependabot", **_OF_PULL)
    for place, day in enumerate(["11-12 00:10"] * 5)
)


def commit(sha: str, when: datetime, *, is_bot: bool = False) -> Commit:
    """A commit that was made an hour before it came to main."""
    return Commit(sha=sha, at=when, authored=when - HOUR, is_bot=is_bot)


_PUSHED = ("10-20 12:00", "10-27 12:00", "10-30 12:00", "11-09 12:00", "11-11 12:00", "11-23 12:00", "11-24 12:00")

COMMITS = tuple(
    sorted(
        (
            *(commit(one.merged_as, one.merged) for one in PEOPLES if one.merged),
            # Somebody pressed the button for the first of the bot's.
            *(commit(one.merged_as, one.merged, is_bot=one.number != 11) for one in BOTS if one.merged),
            *(commit(f"pushed {when}", at(when)) for when in _PUSHED),
        ),
        key=lambda one: one.at,
        reverse=True,
    )
)


def version(name: str, when: str, **more: Any) -> Deployment:
    """A version on the package index."""
    return Deployment(name=name, at=at(when), kind="version", **more)


VERSIONS = (
    version("1.1.0", "10-28"),
    version("1.2.0", "11-08"),
    version("1.2.1", "11-14"),
    version("1.3.0", "11-17", failed=True),
    version("1.3.1", "11-18 12:00"),
    version("1.4.0rc1", "11-19", prerelease=True),
    version("1.4.0", "11-20"),
    Deployment(name="v1.4.0", at=at("11-20"), kind="release"),
)

ROWS = Rows(
    branch="main",
    pulls=(*PEOPLES, *BOTS, *OTHERS),
    issues=ISSUES,
    runs=(*CI, *NIGHTLY, RELEASE, *OF_PULLS, *OF_BOTS),
    deployments=VERSIONS,
    commits=COMMITS,
)
