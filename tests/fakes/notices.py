"""Notices as a job hands them to a notifier."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from edgetpu_ci.incidents import keys
from edgetpu_ci.incidents.record import Alert, Context, Incident, Intent, Kind, Notice, Receipt, Sighting
from tests.fakes.world import AT

REPOSITORY = "owner/name"
GROUP = ("alertname", "branch", "repo")
COMMIT = "a" * 40
RUN = "https://github.com/owner/name/actions/runs/1"
RUNBOOK = "https://github.com/owner/name/blob/main/runbooks/build_failure_streak.md"


def labels(**more: str) -> dict[str, str]:
    """Those of a streak of failing builds."""
    known = {"alertname": "build_failure_streak", "repo": REPOSITORY, "branch": "main", "severity": "critical"}
    return {**known, "priority": "p0", **more}


def alert(now: datetime = AT, because: str = "4 builds failed in a row, more than 3", **more: str) -> Alert:
    """One that fires since a minute."""
    bad = Sighting(at=now - timedelta(minutes=1), value=4.0, commit=COMMIT, url=RUN)
    return Alert(
        fingerprint=keys.fingerprint(labels(**more)),
        rule="build_failure_streak",
        labels=labels(**more),
        state="firing",
        since=bad.at,
        bad=bad,
        last=bad,
        good=Sighting(at=now - timedelta(hours=1), commit="b" * 40),
        because=because,
    )


def over(one: Alert, at: datetime) -> Alert:
    """The same, resolved."""
    return replace(one, state="resolved", resolved_at=at)


def incident(*alerts: Alert, number: int = 1, receipts: dict[str, Receipt] | None = None) -> Incident:
    """The one these belong to."""
    common = {name: value for name, value in alerts[0].labels.items() if name in GROUP}
    severity = alerts[0].labels["severity"]
    return Incident(
        key=keys.group_key(severity, common),
        number=number,
        labels=common,
        severity=severity,  # type: ignore[arg-type]  # one of the levels
        priority=alerts[0].labels.get("priority", ""),
        alerts=alerts,
        opened_at=alerts[0].bad.at,
        receipts=receipts or {},
    )


def notice(kind: Kind, about: Incident, target: str, earlier: Receipt | None = None) -> Notice:
    """What a job hands over to be told."""
    name = f"{about.key}/{about.number}/{about.change}/{target}"
    return Notice(
        intent=Intent(id=name, key=about.key, number=about.number, kind=kind, change=1, target=target, text=kind),
        incident=about,
        address=target.partition(" ")[2],
        context=Context(
            repository=REPOSITORY, author="committer", pull_request="#12", commits=3, links=(("runbook", RUNBOOK),)
        ),
        earlier=earlier,
    )
