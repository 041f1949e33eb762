"""What PagerDuty's Events API v2 is sent of an incident and of a run, within its limits: pure.

https://developer.pagerduty.com/docs/events-api-v2-overview and the OpenAPI description in PagerDuty/api-schema.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import starmap
from typing import Final, Literal

from msgspec import Struct, field

from edgetpu_ci.incidents.incident import in_order
from edgetpu_ci.incidents.record import Alert, Context, Incident, Notice
from edgetpu_ci.model import Report
from edgetpu_ci.render import addresses, words

MOST_SUMMARY: Final = 1024
"""Characters that PagerDuty takes."""

MOST_ALERTS, MOST_LINKS = 20, 20
"""How much we show of one incident, which keeps an event far below the 512 KB that PagerDuty takes."""

Action = Literal["trigger", "acknowledge", "resolve"]

_OURS: Final = "edgetpu-ci"


class Link(Struct, frozen=True, kw_only=True):
    """An address to read on."""

    href: str
    text: str


class Payload(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong and where; a change has no severity."""

    summary: str
    source: str
    timestamp: datetime
    severity: str = ""
    component: str = ""
    group: str = ""
    class_: str = field(name="class", default="")
    custom_details: dict[str, object] = field(default_factory=dict)


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sent; only what triggers says more than which alert it is, and a change says no action."""

    routing_key: str
    event_action: Action | None = None
    dedup_key: str = ""
    payload: Payload | None = None
    client: str = ""
    client_url: str = ""
    links: tuple[Link, ...] = ()


def event(notice: Notice, action: Action, routing_key: str) -> Event:
    """An incident that begins, is taken care of, or is over."""
    incident = notice.incident
    if action != "trigger":
        return Event(routing_key=routing_key, event_action=action, dedup_key=incident.key)
    links = _links(notice.context, incident)
    return Event(
        routing_key=routing_key,
        event_action=action,
        dedup_key=incident.key,
        payload=_payload(notice),
        client=_OURS,
        client_url=links[0].href if links else "",
        links=links,
    )


def change(report: Report, labels: Mapping[str, str], routing_key: str) -> Event:
    """A run of the main line, for those who look for what changed before an incident."""
    run = report.run
    broken = sum(verdict.status == "failed" for verdict in report.verdicts)
    said = f"{broken:,} of {len(report.verdicts):,} verdicts failed" if broken else "no verdict failed"
    place = " ".join(part for part in (labels.get("repo"), labels.get("branch"), words.commit(run.commit)) if part)
    return Event(
        routing_key=routing_key,
        payload=Payload(
            summary=words.plain(f"{place}: {said}", MOST_SUMMARY),
            source=words.plain(labels.get("repo") or _OURS),
            timestamp=run.at,
            custom_details={"commit": words.plain(run.commit), "report": words.plain(run.id)},
        ),
        links=tuple(starmap(_link, addresses.safe([("run", run.url)]))),
    )


def _payload(notice: Notice) -> Payload:
    incident, labels = notice.incident, _labels(notice.incident)
    return Payload(
        summary=_summary(incident),
        source=words.plain(labels.get("repo") or notice.context.repository or _OURS),
        timestamp=incident.opened_at,
        severity=incident.severity,
        component=words.plain(labels.get("subject", "")),
        group=words.plain(labels.get("branch", "")),
        class_=words.plain(labels.get("alertname", "")),
        custom_details=_details(notice),
    )


def _labels(incident: Incident) -> dict[str, str]:
    """Those of the group, and what its first alert says beside."""
    return {**in_order(incident)[0].labels, **incident.labels}


def _summary(incident: Incident) -> str:
    first, labels = in_order(incident)[0], _labels(incident)
    place = " ".join(part for part in (labels.get("repo"), labels.get("branch")) if part)
    parts = [place, incident.alertname, first.because]
    more = f" (and {len(incident.alerts) - 1:,} more)" if len(incident.alerts) > 1 else ""
    return words.plain(": ".join(part for part in parts if part), MOST_SUMMARY - len(more)) + more


def _details(notice: Notice) -> dict[str, object]:
    incident, context = notice.incident, notice.context
    more = len(incident.alerts) - MOST_ALERTS
    known: dict[str, object] = {
        "incident": words.plain(incident.name),
        "escalated to": words.plain(notice.intent.text, words.SENTENCE),
        "priority": words.plain(incident.priority),
        "owner": words.plain(context.owner),
        "author of the first bad commit": words.plain(context.author),
        "pull request": words.plain(context.pull_request),
        "commits since the last good one": context.commits,
        "alerts": [_told(alert, incident.labels) for alert in in_order(incident)[:MOST_ALERTS]],
        "more alerts": max(more, 0),
    }
    return {name: value for name, value in known.items() if value}


def _told(alert: Alert, common: Mapping[str, str]) -> dict[str, str]:
    own = (f"{name}={value}" for name, value in sorted(alert.labels.items()) if name not in common)
    known = {
        "labels": words.plain(", ".join(own), words.SENTENCE),
        "state": alert.state,
        "because": words.plain(alert.because, words.SENTENCE),
        "where": words.plain(alert.where, words.SENTENCE),
        "since": f"{alert.bad.at:%Y-%m-%d %H:%M} UTC",
        "first bad commit": words.plain(alert.bad.commit),
        "last good commit": words.plain(alert.good.commit) if alert.good else "",
    }
    return {name: value for name, value in known.items() if value}


def _links(context: Context, incident: Incident) -> tuple[Link, ...]:
    first = in_order(incident)[0]
    named = [*context.links, ("latest run", first.last.url), ("first run that saw it", first.bad.url)]
    return tuple(starmap(_link, addresses.safe(named)[:MOST_LINKS]))


def _link(name: str, url: str) -> Link:
    return Link(href=url, text=words.plain(name))
