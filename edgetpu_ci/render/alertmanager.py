"""The alerts of an incident as Alertmanager's API v2 takes them: pure.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Alert, Incident, Notice
from edgetpu_ci.render import addresses, words

_APART: Final = timedelta(minutes=1)
"""How far two clocks may be apart."""

_LEAST: Final = timedelta(milliseconds=1)


class Posted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert, from when until when."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts: datetime = field(name="startsAt")
    ends: datetime = field(name="endsAt")
    source: str = field(name="generatorURL", default="")


def posted(notice: Notice, now: datetime, hold: timedelta) -> list[Posted]:
    """All alerts of an incident: those that fire until `hold` after now, the others until they were over.

    Where nothing changed since it was told, only those that fire: Alertmanager forgets the others, and would tell again
    that they are over.
    """
    incident, earlier = notice.incident, notice.earlier
    is_known = earlier is not None and earlier.said == incident.change
    alerts = firing(incident) if is_known else incident.alerts
    return [_posted(alert, notice, now, hold) for alert in alerts]


def _posted(alert: Alert, notice: Notice, now: datetime, hold: timedelta) -> Posted:
    starts = min(alert.since or alert.bad.at, now)
    return Posted(
        labels=alert.labels,
        annotations={name: value for name, value in _annotations(alert, notice) if value},
        starts=starts,
        ends=_ends(alert, notice.incident, starts, now, hold),
        source=next((url for _, url in addresses.safe([("", alert.last.url)])), ""),
    )


def _ends(alert: Alert, incident: Incident, starts: datetime, now: datetime, hold: timedelta) -> datetime:
    if incident.is_open and alert.state == "firing":
        return now + hold
    over = alert.resolved_at or incident.resolved_at or now
    # Where its clock is behind ours, an end that is just now lies ahead, and Alertmanager keeps the later of two ends
    # that lie ahead: the alert would go on for all of `hold`.
    return max(min(over, now - _APART), starts + _LEAST)


def _annotations(alert: Alert, notice: Notice) -> Iterator[tuple[str, str]]:
    context = notice.context
    yield "summary", words.plain(alert.because or alert.rule, words.SENTENCE)
    yield "incident", words.plain(notice.incident.name)
    yield "where", words.plain(alert.where, words.SENTENCE)
    yield "commit", words.plain(alert.bad.commit)
    yield "last_good_commit", words.plain(alert.good.commit) if alert.good else ""
    yield "author", words.plain(context.author)
    yield "pull_request", words.plain(context.pull_request)
    for name, url in addresses.safe(context.links):
        yield f"{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_') or 'more'}_url", url
