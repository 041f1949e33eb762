"""Notices as a job hands them to a notifier."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from edgetpu_ci.incidents import keys
from edgetpu_ci.incidents.record import Alert, Context, Incident, Intent, Kind, Notice, Receipt, Sighting
from tests.fakes import incidents
from tests.fakes.world import AT

RUN = "https://github.com/owner/name/actions/runs/1"
RUNBOOK = "https://github.com/owner/name/blob/main/runbooks/build_failure_streak.md"
_GROUP = ("alertname", "branch", "repo")


def alert(now: datetime = AT, because: str = "4 builds failed in a row, more than 3", **labels: str) -> Alert:
    """One that fires since a minute."""
    known = {**incidents.LABELS, "priority": "p0", **labels}
    bad = Sighting(at=now - timedelta(minutes=1), value=4.0, commit="a" * 40, url=RUN)
    good = Sighting(at=now - timedelta(hours=1), commit="b" * 40)
    return incidents.alert(
        fingerprint=keys.fingerprint(known),
        labels=known,
        since=bad.at,
        bad=bad,
        last=bad,
        good=good,
        because=because,
    )


def over(one: Alert, at: datetime) -> Alert:
    """The same, resolved."""
    return replace(one, state="resolved", resolved_at=at)


def incident(*alerts: Alert) -> Incident:
    """The one these belong to, by the name it has."""
    first = alerts[0].labels
    common = {name: value for name, value in first.items() if name in _GROUP}
    return incidents.incident(
        keys.group_key("critical", common),
        labels=common,
        priority=first["priority"],
        alerts=alerts,
        opened_at=alerts[0].bad.at,
    )


def notice(kind: Kind, about: Incident, target: str, earlier: Receipt | None = None) -> Notice:
    """What a job hands over to be told."""
    name = f"{about.key}/{about.number}/{about.change}/{target}"
    return Notice(
        intent=Intent(id=name, key=about.key, number=about.number, kind=kind, change=1, target=target),
        incident=about,
        address=target.partition(" ")[2],
        context=Context(
            repository="owner/name", author="committer", pull_request="#12", commits=3, links=(("runbook", RUNBOOK),)
        ),
        earlier=earlier,
    )
