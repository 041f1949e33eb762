"""How well a repository is looked after: its community files, its runners, and what nobody has touched for long."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from edgetpu_ci.kpis import issues, pulls, summary
from edgetpu_ci.kpis.rows import Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("pulls", "issues")
METRICS: Final = ("stale_percent",)

_IS_STATE: Final = (("window", "now"),)


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figure of `METRICS`: open issues and pull requests, also those of bots."""
    if scope.unseen:
        yield summary.unknown(REPOSITORY, "stale_percent", scope.unseen, details=scope.details)
        return
    now = scope.window.end
    before = now - timedelta(days=scope.options.stale_days)
    of_pulls = [pull.updated for pull in rows.pulls if pulls.is_open(pull, now)]
    of_issues = [issue.updated for issue in rows.issues if issues.is_open(issue, now)]
    # Of those that changed last before rows are kept there are none.
    unseen = rows.unseen("pulls", len(of_pulls)) + rows.unseen("issues", len(of_issues))
    details = (("stale", f"not changed for {scope.options.stale_days:g} days"), *scope.details)
    if unseen and scope.since and scope.since > before:
        reason = f"{unseen:,} of the open issues and pull requests were not read yet; the next run goes on"
        yield summary.unknown(REPOSITORY, "stale_percent", reason, details=details)
        return
    stale = unseen + sum(at < before for at in (*of_pulls, *of_issues))
    part = (stale, unseen + len(of_pulls) + len(of_issues))
    yield summary.share(REPOSITORY, "stale_percent", part, of="open issues and pull requests", details=details)


def community(percent: int | None) -> Measurement:
    """How many of the files GitHub recommends are there, as GitHub counts them; None where it does not say."""
    name = "community_profile_percent"
    if percent is None:
        return summary.unknown(REPOSITORY, name, "GitHub tells no community profile, as of a fork", details=_IS_STATE)
    return summary.plain(REPOSITORY, name, percent, details=_IS_STATE)


def runners(online: int, total: int) -> Iterator[Measurement]:
    """Self-hosted runners that are connected, of all that are registered; nothing where there are none."""
    if not total:
        return
    name = "runners_online_percent"
    details = (("counted", f"{online:,} of {total:,} runners"), *_IS_STATE)
    yield summary.plain(REPOSITORY, name, 100 * online / total, n=total, details=details)
