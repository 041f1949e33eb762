"""How long a change takes from when it was made to when users have it (DORA's change lead time)."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from edgetpu_ci.kpis import delivery, summary
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Deployment, Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window, hours
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("pulls", "deployments")
METRICS: Final = ("change_lead_time_hours",)


class Change(Struct, frozen=True):
    """Something that came to the default branch: the commit it is there, when it came, and when it was made."""

    sha: str
    at: datetime
    made: datetime
    by_bot: bool = False


class Lead(Struct, frozen=True):
    """A change that was deployed; `by_commit` when that is known from its place among the commits, not its time."""

    change: Change
    deployed: datetime
    by_commit: bool


def changes(rows: Rows) -> list[Change]:
    """Pull requests that were merged, from their first commit on; and the commits that came without one.

    A pull request that is squashed leaves one commit, which says nothing of when its work began. Of a rebased one,
    all commits but the last count by themselves.
    """
    merged = [pull for pull in rows.pulls if pull.merged and pull.base == rows.branch]
    of_pulls = {pull.merged_as for pull in merged}
    pulled = [
        Change(pull.merged_as, pull.merged, pull.committed, by_bot=bool(pull.bot))
        for pull in merged
        if pull.merged and pull.committed
    ]
    since = rows.since.get("pulls")
    pushed = [
        Change(commit.sha, commit.at, commit.authored, by_bot=commit.is_bot)
        for commit in rows.commits
        if commit.sha not in of_pulls and (since is None or commit.at >= since)
    ]
    return [*pulled, *pushed]


def leads(rows: Rows, options: Options) -> list[Lead]:
    """Each change of people with the first deployment that succeeded and has it."""
    given = [one.deployment for one in delivery.delivered(rows, options) if not one.deployment.failed]
    times = [one.at for one in given]
    places = {commit.sha: place for place, commit in enumerate(rows.commits)}
    found = (
        _lead(change, given[bisect_left(times, change.at) :], places) for change in changes(rows) if not change.by_bot
    )
    return [lead for lead in found if lead]


def _lead(change: Change, later: Sequence[Deployment], places: dict[str, int]) -> Lead | None:
    """By the first of the later deployments whose commit is the change's or a newer one; by its time where unknown."""
    place = places.get(change.sha)
    for deployment in later:
        reached = places.get(deployment.commit)
        if place is None or reached is None:
            return Lead(change, deployment.at, by_commit=False)
        if reached <= place:
            return Lead(change, deployment.at, by_commit=True)
    return None


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figure of `METRICS`."""
    found = leads(rows, scope.options)

    def values(window: Window) -> list[float]:
        return [max(0.0, hours(lead.change.made, lead.deployed)) for lead in window.ended(found, _deployed)]

    here = scope.window.ended(found, _deployed)
    by_time = sum(not lead.by_commit for lead in here)
    matched = summary.listed([("by commit", len(here) - by_time), ("by time", by_time)])
    details = (
        ("deployments found", matched),
        ("excluded", _excluded(rows, found, scope.window)),
        *_without(rows),
    )
    yield scope.spread(REPOSITORY, "change_lead_time_hours", values, of="deployed changes", details=details)


def _excluded(rows: Rows, found: Sequence[Lead], window: Window) -> str:
    """How many came in the window that do not count."""
    deployed = {lead.change for lead in found}
    came = window.ended(changes(rows), lambda change: change.at)
    of_bots = sum(change.by_bot for change in came)
    waiting = sum(not change.by_bot and change not in deployed for change in came)
    return summary.listed([("of bots", of_bots), ("not deployed yet", waiting)])


def _without(rows: Rows) -> summary.Details:
    missing = rows.missing.get("commits")
    return (("commits", f"of pull requests alone: {missing}"),) if missing else ()


def _deployed(lead: Lead) -> datetime:
    return lead.deployed
