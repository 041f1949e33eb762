"""How long pull requests take: to be merged once they are ready, as drafts, to the first review; and those still open.

Those into the default branch; a revert is one like any other, and how it is merged does not matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from edgetpu_ci.kpis import summary
from edgetpu_ci.kpis.rows import Pull, Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window, days, hours
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("pulls",)
METRICS: Final = (
    "pr_merge_time_hours",
    "pr_open_to_merge_hours",
    "pr_draft_time_hours",
    "pr_first_review_hours",
    "open_pr_age_days",
)

_MERGED: Final = "merged pull requests"


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`, and how long the pull requests of each bot take."""
    here = [pull for pull in rows.pulls if pull.base == rows.branch]
    people = [pull for pull in here if not pull.bot]
    excluded = (("excluded", _excluded(rows.pulls, rows.branch, scope)),)

    def merged(metric: str, value: Callable[[Pull, datetime], float]) -> Measurement:
        return scope.spread(REPOSITORY, metric, _merged(people, value), of=_MERGED, details=excluded)

    yield merged("pr_merge_time_hours", ready_to_merged)
    yield merged("pr_open_to_merge_hours", lambda pull, at: hours(pull.created, at))
    yield _drafts(people, scope)
    yield _reviews(people, scope)
    yield _open(people, rows.unseen("pulls", sum(is_open(pull, scope.window.end) for pull in rows.pulls)), scope)
    for bot, pulls in groupby(sorted((pull for pull in here if pull.bot), key=_bot), _bot):
        found = list(pulls)
        if scope.window.ended(found, _at):
            values = _merged(found, ready_to_merged)
            yield scope.spread(bot, "bot_pr_merge_time_hours", values, of=f"{_MERGED} of {bot}")


def _bot(pull: Pull) -> str:
    return pull.bot


def _at(pull: Pull) -> datetime | None:
    return pull.merged


def _merged(pulls: Sequence[Pull], value: Callable[[Pull, datetime], float]) -> Callable[[Window], list[float]]:
    """A value of each that was merged in a window."""
    return lambda window: [value(pull, pull.merged) for pull in pulls if pull.merged and window.has(pull.merged)]


def _excluded(pulls: Iterable[Pull], branch: str, scope: Scope) -> str:
    found = scope.window.ended(pulls, _at)
    elsewhere = sum(pull.base != branch for pull in found)
    return summary.listed(
        [
            ("of bots", sum(bool(pull.bot) and pull.base == branch for pull in found)),
            ("into other branches", elsewhere),
            ("closed without being merged", len(scope.window.ended(pulls, lambda p: None if p.merged else p.closed))),
        ]
    )


def ready_to_merged(pull: Pull, merged: datetime) -> float:
    """Hours from when it was last marked ready, or made where it never was a draft."""
    return hours(pull.ready or pull.created, merged)


def draft_hours(pull: Pull, until: datetime) -> float:
    """Hours it was a draft, all spans together; one that is still open ends at `until`."""
    return sum(hours(start, min(end or until, until)) for start, end in pull.drafts if start < until)


def _drafts(people: Sequence[Pull], scope: Scope) -> Measurement:
    drafted = [pull for pull in people if pull.drafts]
    never = len(scope.window.ended(people, _at)) - len(scope.window.ended(drafted, _at))
    details = (("excluded", summary.listed([("never in draft", never)])),)
    values = _merged(drafted, draft_hours)
    return scope.spread(REPOSITORY, "pr_draft_time_hours", values, of=f"{_MERGED} that were drafts", details=details)


def first_review_hours(pull: Pull, reviewed: datetime) -> float:
    """Hours from when a review could first be asked for to the first; none where it came while it was a draft."""
    first = pull.drafts[0] if pull.drafts else None
    began_as_draft = first is not None and first[0] <= pull.created
    asked = (first[1] or reviewed) if first and began_as_draft else pull.created
    return max(0.0, hours(asked, reviewed))


def _reviews(people: Sequence[Pull], scope: Scope) -> Measurement:
    def values(window: Window) -> list[float]:
        return [
            first_review_hours(pull, pull.reviewed) for pull in people if pull.reviewed and window.has(pull.reviewed)
        ]

    without = sum(pull.reviewed is None for pull in scope.window.ended(people, _at))
    details = (("excluded", summary.listed([("merged without a review", without)])),)
    of = "first reviews of pull requests"
    return scope.spread(REPOSITORY, "pr_first_review_hours", values, of=of, details=details)


def is_open(pull: Pull, at: datetime) -> bool:
    """Whether it was neither merged nor closed by then."""
    end = pull.merged or pull.closed
    return pull.created < at and (end is None or end >= at)


def _open(people: Sequence[Pull], unseen: int, scope: Scope) -> Measurement:
    now = scope.window.end
    found = [pull for pull in people if is_open(pull, now)]
    drafts = sum(bool(pull.drafts) and pull.drafts[-1][1] is None for pull in found)
    ages = [days(pull.created, now) for pull in found]
    details = (("among them", summary.listed([("in draft", drafts)])), ("excluded", summary.not_kept(unseen)))
    return scope.now(REPOSITORY, "open_pr_age_days", ages, of="open pull requests", details=details)
