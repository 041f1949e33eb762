"""Whether the rules of data, access and review are kept: each 1 or 0 with its evidence, or unknown with why."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.config.observability import default_levels
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.upkeep import register, review
from edgetpu_ci.upkeep.access import Access
from edgetpu_ci.upkeep.account import Retention
from edgetpu_ci.upkeep.asking import No
from edgetpu_ci.upkeep.records import Closed
from edgetpu_ci.upkeep.review import Review

POLICY: Final[Mapping[str, int]] = {level: route.retention_days for level, route in default_levels().items()}
"""For how many days log entries of each level are kept, unless `observability.logs` says otherwise."""

SCAN: Final = timedelta(hours=26)
"""A daily scan may be two hours late."""

_HOUR: Final = timedelta(hours=1)

_SIGN: Final = '`edgetpu-ci review access --sign-off "ROLE"` records one'


_ELSEWHERE: Final = "send them to the `aggregator` of `observability.logs`, which can keep them"


class Logging(Struct, frozen=True, kw_only=True):
    """For how many `days` events of each level are kept, and the level whose days hold for the logs of Actions.

    `elsewhere` are the levels that another store than GitHub keeps, as that is set; None where nothing is logged but
    what Actions keep.
    """

    days: Mapping[str, int]
    actions: str
    elsewhere: Sequence[str] | None = None

    def is_elsewhere(self, level: str) -> bool:
        """Whether GitHub need not keep it."""
        return self.elsewhere is None or level in self.elsewhere


def retention(kept: Retention | No, policy: Logging, past: Sequence[str], now: datetime) -> Measurement:
    """Whether logs on GitHub and rows in the store are kept as long as the policy says, and no longer.

    Unknown where events of a level are to be kept for longer than GitHub keeps anything, and go nowhere else.
    """
    metric = "data_retention_compliant"
    if past:
        return _said(metric, ok=False, evidence="; ".join(past), now=now)
    if isinstance(kept, No):
        return summary.unknown(REPOSITORY, metric, kept.why)
    days = policy.days[policy.actions]
    evidence = (
        f"GitHub keeps logs and artifacts {kept.days} days (looked at within a week), {policy.actions} may be kept "
        f"{days}; no row is past its days"
    )
    longer = {name: f"{name} {needed} days" for name, needed in policy.days.items() if needed > kept.days}
    lost = [said for name, said in longer.items() if not policy.is_elsewhere(name)]
    if kept.days <= days and lost:
        reason = f"GitHub keeps {kept.days} days, too short for {', '.join(lost)}; {_ELSEWHERE}"
        return summary.unknown(REPOSITORY, metric, reason)
    more = (("not on GitHub", f"to be kept elsewhere: {', '.join(longer.values())}"),) if longer else ()
    return _said(metric, ok=kept.days <= days, evidence=evidence, now=now, more=more)


def minimisation(unknown: Sequence[str], now: datetime) -> Measurement:
    """Whether all that is stored is registered with its purpose."""
    fields = sum(len(kept.fields) for kept in register.REGISTER)
    evidence = f"nothing is kept but {fields} registered fields, each with purpose, legal basis and days"
    if unknown:
        evidence = f"not registered: {', '.join(unknown)}"
    return _said("data_minimisation_compliant", ok=not unknown, evidence=evidence, now=now)


def reviewed(newest: Review | None, days: int, now: datetime) -> Measurement:
    """Whether who may reach the repository was looked at in the last quarter."""
    metric = "access_review_compliant"
    if newest is None:
        return _said(metric, ok=False, evidence=f"no review is signed off; {_SIGN}", now=now)
    evidence = f"signed off {newest.at:%Y-%m-%d} by {newest.role}; due every {days} days"
    return _said(metric, ok=not review.is_due(newest, days, now), evidence=evidence, now=now)


def incomparable(newest: Review | None) -> Measurement:
    """That who may reach the repository cannot be compared: there is no review, or none by the key that is set."""
    reason = "the key of the last review is not the one that is set"
    if newest is None:
        reason = f"no review is signed off to compare with; {_SIGN}"
    return summary.unknown(REPOSITORY, "permissions_audit_compliant", reason)


def permissions(newest: Review, found: Access, secret: bytes, now: datetime) -> Measurement:
    """Whether everything that may be reached now is as it was signed off, by the same key."""
    metric = "permissions_audit_compliant"
    if different := review.differences(newest, found, secret):
        evidence = f"since {newest.at:%Y-%m-%d}: {review.counted(different)}; {_SIGN}"
        return _said(metric, ok=False, evidence=evidence, now=now)
    if found.unread:
        return summary.unknown(REPOSITORY, metric, "; ".join(f"{kind}: {why}" for kind, why in found.unread.items()))
    if newest.unread:
        return summary.unknown(REPOSITORY, metric, f"the last review had no part of: {', '.join(newest.unread)}")
    return _said(metric, ok=True, evidence=f"nothing differs from the review of {newest.at:%Y-%m-%d}", now=now)


def scanned(scans: Mapping[str, datetime | No | None], now: datetime) -> Measurement:
    """Whether a security scan ended in the last 26 hours; `scans` has the newest of each source, None where none is."""
    metric = "daily_scan_compliant"
    times = {name: at for name, at in scans.items() if isinstance(at, datetime)}
    unread = [f"{name}: {no.why}" for name, no in scans.items() if isinstance(no, No)]
    last = max(times, key=lambda name: times[name], default=None)
    ok = last is not None and now - times[last] < SCAN
    if not ok and unread:
        return summary.unknown(REPOSITORY, metric, "; ".join(unread))
    if last is None:
        return _said(metric, ok=False, evidence=f"there is no {' and no '.join(scans)}", now=now)
    evidence = f"the newest {last} is of {times[last]:%Y-%m-%d %H:%M} UTC, {(now - times[last]) / _HOUR:.1f} hours ago"
    return _said(metric, ok=ok, evidence=evidence, now=now)


def documented(incidents: Sequence[Closed] | No, missing: Sequence[str], days: int, now: datetime) -> Measurement:
    """Whether each incident that was closed some days ago has a post-mortem."""
    metric = "incident_documentation_compliant"
    if isinstance(incidents, No):
        return summary.unknown(REPOSITORY, metric, incidents.why)
    evidence = f"incidents closed more than {days} days ago in the last year: {len(incidents)}"
    if missing:
        evidence += f"; no post-mortem of: {', '.join(missing)}"
    return _said(metric, ok=not missing, evidence=evidence, now=now)


def configuration(last: date | None, days: int, now: datetime) -> Measurement:
    """Whether this configuration was looked through in the last quarter."""
    metric = "configuration_review_compliant"
    if last is None:
        return summary.unknown(REPOSITORY, metric, "no date is set under `reviewed`")
    evidence = f"reviewed {last}; due every {days} days"
    return _said(metric, ok=(now.date() - last).days <= days, evidence=evidence, now=now)


def _said(
    metric: str, *, ok: bool, evidence: str, now: datetime, more: tuple[tuple[str, str], ...] = ()
) -> Measurement:
    details = (("evidence", evidence), ("as of", f"{now:%Y-%m-%d %H:%M} UTC"), *more)
    return summary.plain(REPOSITORY, metric, float(ok), details=details)
