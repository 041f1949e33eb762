"""One incident: what its alerts and people make of it, each a line of its timeline. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import convert
from msgspec.structs import replace

from edgetpu_ci.config.alerting import Level
from edgetpu_ci.incidents.record import Alert, Event, Incident, Kind

MOST_EVENTS: Final = 200
"""Of a longer timeline the first line stays, and the newest."""


def opened(key: str, number: int, labels: dict[str, str], alert: Alert, at: datetime) -> Incident:
    """A new one, of the first alert that fires."""
    return Incident(
        key=key,
        number=number,
        labels=labels,
        severity=convert(alert.labels["severity"], Level),
        alerts=(alert,),
        opened_at=at,
        priority=alert.labels.get("priority", ""),
        timeline=(Event(at=at, kind="opened", text=alert.because),),
    )


def event(incident: Incident, kind: Kind, text: str, at: datetime, by: str = "") -> Incident:
    """With one more line, which is one more change."""
    return replace(noted(incident, Event(at=at, kind=kind, text=text, by=by)), change=incident.change + 1)


def noted(incident: Incident, *lines: Event) -> Incident:
    """With more lines, of which nobody hears."""
    first, later = incident.timeline[:1], (*incident.timeline[1:], *lines)
    return replace(incident, timeline=(*first, *later[1 - MOST_EVENTS :]))


def with_alert(incident: Incident, alert: Alert) -> Incident:
    """With an alert as it is now, in its place, or as a new one; the gravest priority is that of the incident."""
    others = tuple(one for one in incident.alerts if one.fingerprint != alert.fingerprint)
    place = next((n for n, one in enumerate(incident.alerts) if one.fingerprint == alert.fingerprint), len(others))
    given = [one for one in (incident.priority, alert.labels.get("priority", "")) if one]
    alerts = (*others[:place], alert, *others[place:])
    return replace(incident, alerts=alerts, priority=min(given, default=""))


def with_end(incident: Incident, ended: Iterable[Alert], text: str, at: datetime, by: str = "") -> Incident:
    """With alerts that are over, in one line; it is over with the last of those that fire."""
    for alert in ended:
        incident = with_alert(incident, replace(alert, state="resolved", resolved_at=at))
    if firing(incident):
        return event(incident, "updated", text, at, by)
    return replace(event(incident, "resolved", text, at, by), resolved_at=at)


def firing(incident: Incident) -> tuple[Alert, ...]:
    """Its alerts that are not over."""
    return tuple(alert for alert in incident.alerts if alert.state == "firing")


def in_order(incident: Incident) -> list[Alert]:
    """As they are told, what is over last, of each what began first; commits and people are looked up of the first."""
    return sorted(incident.alerts, key=lambda alert: (alert.state == "resolved", alert.bad.at))
