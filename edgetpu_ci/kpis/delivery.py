"""What is given to users, how often, and which of it failed or repairs another (DORA).

A library is given to its users as a version on the package index. A version failed when it was yanked, and any
deployment when the next repairs it soon: a patch of the same version, where there are versions, that has a pull request
with a label such as "hotfix".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from msgspec import Struct

from edgetpu_ci.kpis import summary
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Deployment, DeploymentKind, Pull, Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("deployments",)
METRICS: Final = ("deployment_frequency_per_week",)

_CALLED: Final[dict[DeploymentKind, str]] = {
    "deployment": "deployments to production",
    "version": "versions on the package index",
    "release": "releases",
}
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.post\d+)?")

_DAILY: Final = 3
_MONTH: Final = timedelta(days=30)


class Delivered(Struct, frozen=True):
    """A deployment; whether it `failed`, by itself or for it was repaired, and whether it `repairs` another."""

    deployment: Deployment
    failed: bool
    repairs: bool

    @property
    def at(self) -> datetime:
        """When it was given."""
        return self.deployment.at


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figure of `METRICS`."""
    yield _frequency(delivered(rows, scope.options), called(rows, scope.options), scope)


def kind(rows: Rows, options: Options) -> DeploymentKind:
    """What a deployment is here: production is nearer to users than a package, and a package than a release."""
    if options.deployments != "auto":
        return options.deployments
    known = {deployment.kind for deployment in rows.deployments}
    return next((one for one in _CALLED if one in known), "release")


def called(rows: Rows, options: Options) -> str:
    """The same in words, in the plural."""
    return _CALLED[kind(rows, options)]


def delivered(rows: Rows, options: Options) -> tuple[Delivered, ...]:
    """All deployments of the kind that counts, oldest first, without previews (alpha, beta, candidates)."""
    wanted = kind(rows, options)
    given = [one for one in rows.deployments if one.kind == wanted and not one.prerelease]
    given.sort(key=lambda one: (one.at, one.name, one.commit, one.failed))
    repaired = _repaired(given, rows.pulls, options)
    return tuple(
        Delivered(one, one.failed or place in repaired.values(), place in repaired) for place, one in enumerate(given)
    )


def _repaired(given: Sequence[Deployment], pulls: Iterable[Pull], options: Options) -> dict[int, int]:
    """The places of deployments that repair another, and of those they repair."""
    wanted = {label.lower() for label in options.hotfix_labels}
    fixes = [pull.merged for pull in pulls if pull.merged and wanted & {label.lower() for label in pull.labels}]
    found = {}
    for place in range(1, len(given)):
        since, until = given[place - 1].at, given[place].at
        earlier = _patched(given, place, timedelta(days=options.hotfix_days))
        if earlier is not None and any(since < at <= until for at in fixes):
            found[place] = earlier
    return found


def _patched(given: Sequence[Deployment], place: int, within: timedelta) -> int | None:
    """The newest one before that this one may repair: of versions, one of the same line."""
    at, line = given[place].at, _line(given[place])
    earlier = (before for before in range(place - 1, -1, -1) if _line(given[before]) == line)
    newest = next(earlier, None)
    return newest if newest is not None and at - given[newest].at <= within else None


def _line(deployment: Deployment) -> tuple[str, ...]:
    """What its patches have in common with it: 1.2 of 1.2.3; all deployments to production are of one line."""
    if deployment.kind == "deployment":
        return ()
    version = _VERSION.fullmatch(deployment.name)
    return version.groups()[:2] if version else (deployment.name,)


def _frequency(found: Sequence[Delivered], what: str, scope: Scope) -> Measurement:
    given = [one for one in found if not one.deployment.failed]
    counted, before = (len(window.ended(given, _at)) for window in (scope.window, scope.window.before))
    failed = len(scope.window.ended(found, _at)) - counted
    details = (
        ("deployments", what),
        ("how often", how_often(given, scope.window)),
        ("excluded", summary.listed([("failed or yanked", failed)])),
        *scope.details,
    )
    weeks = scope.window.days / 7
    known = before if scope.before else None
    return summary.count(REPOSITORY, "deployment_frequency_per_week", counted, known, per=weeks, details=details)


def how_often(given: Sequence[Delivered], window: Window) -> str:
    """In the words of Four Keys: by the days with a deployment in the median week, or by the median 30 days."""
    weeks = [len({one.at.date() for one in week.ended(given, _at)}) for week in window.weeks().each_week()]
    months = [len(month.ended(given, _at)) for month in _months(window)]
    median_days = median(weeks) if weeks else 0
    if median_days >= _DAILY:
        word = "daily"
    elif median_days >= 1:
        word = "weekly"
    else:
        word = "monthly" if months and median(months) >= 1 else "less than monthly"
    return f"{word}; days with one in the median week: {median_days:g}"


def _months(window: Window) -> list[Window]:
    count = int((window.end - window.start) / _MONTH)
    return [Window(window.end - _MONTH * (place + 1), window.end - _MONTH * place) for place in range(count)]


def _at(one: Delivered) -> datetime:
    return one.at
