"""What happened in a repository, as objects: by hand for a small one, drawn from a seed for a large one."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

END: Final = datetime(2026, 11, 20, tzinfo=UTC)
DAYS: Final = 730

PERSON, BOT, GHOST = "octocat", "dependabot", ""
_REASONS: Final = ("COMPLETED",) * 8 + ("NOT_PLANNED", "DUPLICATE")
_ENDINGS: Final = {
    "success": 860,
    "failure": 100,
    "cancelled": 20,
    "skipped": 9,
    "timed_out": 6,
    "neutral": 1,
    "stale": 1,
    "action_required": 2,
    "startup_failure": 1,
}
_WITHOUT_JOBS: Final = frozenset({"stale", "action_required", "startup_failure"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """A pull request; `turns` are (when, made ready?), `reviews` (when, by whom)."""

    number: int
    created: datetime
    updated: datetime
    base: str = "main"
    author: str = PERSON
    is_draft: bool = False
    turns: tuple[tuple[datetime, bool], ...] = ()
    reviews: tuple[tuple[datetime, str], ...] = ()
    committed: datetime | None = None
    merged: datetime | None = None
    closed: datetime | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue; `reason` is COMPLETED, NOT_PLANNED, DUPLICATE or REOPENED."""

    number: int
    created: datetime
    updated: datetime
    author: str = PERSON
    closed: datetime | None = None
    reason: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One execution of a job; `status` until it is completed, and its steps (name, begun, ended) where they matter."""

    name: str
    attempt: int = 1
    conclusion: str = "success"
    created: datetime
    started: datetime
    completed: datetime | None
    status: str = "in_progress"
    labels: tuple[str, ...] = ("ubuntu-latest",)
    steps: tuple[tuple[str, datetime, datetime | None], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A workflow run with all executions of its jobs, oldest first; of a commit nobody has, where it names none."""

    id: int
    number: int
    created: datetime
    updated: datetime
    started: datetime
    workflow: str = "ci.yml"
    event: str = "push"
    branch: str = "main"
    attempt: int = 1
    status: str = "completed"
    conclusion: str | None = "success"
    actor: str = PERSON
    executions: tuple[Execution, ...] = ()
    sha: str = ""

    @property
    def commit(self) -> str:
        """Its commit."""
        return self.sha or f"{self.number:040x}"

    @property
    def suite(self) -> str:
        """The node id of its check suite."""
        return f"CS_{self.id}"

    @property
    def latest(self) -> tuple[Execution, ...]:
        """The last execution of each job."""
        return tuple({execution.name: execution for execution in self.executions}.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A version that was published."""

    tag: str
    created: datetime
    prerelease: bool = False
    draft: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A deployment; `states` are (when, SUCCESS, FAILURE …)."""

    id: int
    created: datetime
    environment: str = "production"
    commit: str = "d" * 40
    states: tuple[tuple[datetime, str], ...] = ()


@dataclass(kw_only=True)
class Repository:
    """All of it, by number or id; a test adds and changes as time goes on."""

    name: str = "octo/tools"
    branch: str = "main"
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)

    def run_of(self, suite: str) -> Run | None:
        """The run of a check suite, by the node id of that."""
        number = suite.removeprefix("CS_")
        return self.runs.get(int(number)) if number.isdecimal() else None

    def rerun(self, number: int, at: datetime) -> None:
        """Run all jobs of a run again, to success: its creation stays what it was."""
        old = self.runs[number]
        again = tuple(
            replace(
                last, attempt=old.attempt + 1, conclusion="success", created=at, started=at, completed=_later(at, 60)
            )
            for last in old.latest
        )
        self.runs[number] = replace(
            old,
            attempt=old.attempt + 1,
            started=at,
            updated=_later(at, 70),
            status="completed",
            conclusion="success",
            executions=(*old.executions, *again),
        )


def large(seed: int = 1, share: float = 1.0, end: datetime = END) -> Repository:
    """The two years of a busy repository before `end`: 5,000 pull requests, 3,000 issues, 20,000 runs of 6 jobs.

    Of a `share` all is as dense, and begins later.
    """
    draw = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    made = Repository()
    pulls, issues, runs = (round(share * count) for count in (5000, 3000, 20_000))
    span = timedelta(days=DAYS) * share
    start = end - span
    made.pulls = {n: _pull_by(end, _pull(draw, n, start + span * at)) for n, at in _spread(1, pulls)}
    made.issues = {n: _issue_by(end, _issue(draw, n, start + span * at)) for n, at in _spread(100_000, issues)}
    made.runs = {number: _run(draw, number, start + span * place) for number, place in _spread(7_000_000_000, runs)}
    made.releases = [Release(tag=f"v1.{n}", created=start + timedelta(days=7 * n)) for n in range(span.days // 7)]
    days = [start + timedelta(days=3 * n) for n in range(span.days // 3)]
    made.deployments = [
        Deployment(id=n, created=day, states=((_later(day, 600), "SUCCESS"),)) for n, day in enumerate(days)
    ]
    return made


def _pull_by(end: datetime, pull: Pull) -> Pull:
    """A pull request as it was at the end: what would come later has not happened."""
    if pull.updated <= end:
        return pull
    is_draft = any(at > end for at, _ in pull.turns)
    turns = () if is_draft else pull.turns
    updated = max([pull.created, *(at for at, _ in turns)])
    return replace(pull, updated=updated, merged=None, closed=None, reviews=(), turns=turns, is_draft=is_draft)


def _issue_by(end: datetime, issue: Issue) -> Issue:
    return issue if issue.updated <= end else replace(issue, updated=issue.created, closed=None, reason=None)


def _spread(first: int, count: int) -> Iterator[tuple[int, float]]:
    return ((first + place, place / count) for place in range(count))


def _later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=round(seconds))


def _pull(draw: random.Random, number: int, created: datetime) -> Pull:
    created = _later(created, 0).replace(microsecond=0)
    author = draw.choices((PERSON, BOT, GHOST), (84, 15, 1))[0]
    ready = _later(created, draw.expovariate(1 / 20_000)) if draw.random() < 0.2 else None
    merged = _later(ready or created, draw.expovariate(1 / 60_000)) if draw.random() < 0.85 else None
    closed = merged or (_later(created, 500_000) if draw.random() < 0.6 else None)
    return Pull(
        number=number,
        created=created,
        updated=closed or ready or created,
        author=author,
        turns=((ready, True),) if ready else (),
        reviews=((_later(ready or created, 9000), "hubot"),) if merged else (),
        committed=_later(created, -4000),
        merged=merged,
        closed=closed,
    )


def _issue(draw: random.Random, number: int, created: datetime) -> Issue:
    created = created.replace(microsecond=0)
    closed = _later(created, draw.expovariate(1 / 400_000)) if draw.random() < 0.8 else None
    reason = draw.choice(_REASONS) if closed else None
    return Issue(number=number, created=created, updated=closed or created, closed=closed, reason=reason)


def _run(draw: random.Random, number: int, created: datetime) -> Run:
    created = created.replace(microsecond=0)
    conclusion = draw.choices([*_ENDINGS], [*_ENDINGS.values()])[0]
    first = () if conclusion in _WITHOUT_JOBS else tuple(_executions(draw, created, 1, conclusion))
    made = Run(
        id=number,
        number=number % 1_000_000 + 1,
        created=created,
        started=created,
        updated=_later(created, 900),
        workflow=draw.choice(("ci.yml", "ci.yml", "docs.yml", "nightly.yml")),
        event=draw.choices(("push", "pull_request", "schedule"), (4, 5, 1))[0],
        conclusion=conclusion,
        actor=draw.choices((PERSON, BOT), (85, 15))[0],
        executions=first,
    )
    if conclusion != "failure" or draw.random() >= 0.5:
        return made
    at = _later(created, 3600)
    every = (*first, *_executions(draw, at, 2, "success"))
    return replace(made, attempt=2, started=at, updated=_later(at, 900), conclusion="success", executions=every)


def _executions(draw: random.Random, at: datetime, attempt: int, conclusion: str) -> Iterator[Execution]:
    for place in range(6):
        started = _later(at, 5 + draw.expovariate(1 / 10))
        ended = conclusion if place == 5 or conclusion in {"cancelled", "skipped"} else "success"
        yield Execution(
            name=f"test ({place})" if place else "build",
            attempt=attempt,
            conclusion=ended,
            created=at,
            started=started,
            completed=_later(started, 60 + draw.expovariate(1 / 120)),
        )
