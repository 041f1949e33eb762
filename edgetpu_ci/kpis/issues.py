"""How long issues take to be resolved, and how old the open ones are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.kpis import summary
from edgetpu_ci.kpis.rows import Issue, Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window, days
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("issues",)
METRICS: Final = ("issue_resolution_time_days", "open_issue_age_days")

COMPLETED: Final = "completed"


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`, of issues that people opened."""
    people = [issue for issue in rows.issues if not issue.bot]
    completed = [issue for issue in people if issue.reason == COMPLETED]

    def values(window: Window) -> list[float]:
        return [days(issue.created, issue.closed) for issue in completed if issue.closed and window.has(issue.closed)]

    details = (("excluded", _excluded(rows.issues, scope)),)
    yield scope.spread(REPOSITORY, "issue_resolution_time_days", values, of="completed issues", details=details)
    yield _open(people, rows.unseen("issues", sum(is_open(issue, scope.window.end) for issue in rows.issues)), scope)


def _excluded(issues: Iterable[Issue], scope: Scope) -> str:
    closed = scope.window.ended(issues, lambda issue: issue.closed)
    reasons = Counter(issue.reason for issue in closed if not issue.bot and issue.reason != COMPLETED)
    named = [(f"closed as {name}" if name else "closed without a reason", reasons[name]) for name in sorted(reasons)]
    return summary.listed([*named, ("of bots", sum(bool(issue.bot) for issue in closed))])


def is_open(issue: Issue, at: datetime) -> bool:
    """Whether it was not closed by then; what was opened again is open."""
    return issue.created < at and (issue.closed is None or issue.closed >= at)


def _open(people: Sequence[Issue], unseen: int, scope: Scope) -> Measurement:
    now = scope.window.end
    ages = [days(issue.created, now) for issue in people if is_open(issue, now)]
    details = (("excluded", summary.not_kept(unseen)),)
    return scope.now(REPOSITORY, "open_issue_age_days", ages, of="open issues", details=details)
