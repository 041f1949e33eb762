"""An incident as any program can read it: the body of a delivery, its version, and its signature. Pure."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Final

from msgspec import Struct

from edgetpu_ci.config.alerting import Level
from edgetpu_ci.incidents.record import Alert, Kind, Notice, Sighting

VERSION: Final = 1
"""Counts what a reader must know of: a field that is gone or means something else. New fields do not count."""


class Run(Struct, frozen=True, kw_only=True):
    """A run that saw it, and where to read on."""

    at: datetime
    commit: str
    pull_request: int | None
    url: str


class Told(Struct, frozen=True, kw_only=True):
    """One alert: `bad` is the first run that saw it, `good` the last before that did not, `last` the newest."""

    fingerprint: str
    labels: dict[str, str]
    state: str
    since: datetime | None
    resolved_at: datetime | None
    because: str
    where: str
    value: float | None
    bad: Run
    last: Run
    good: Run | None


class About(Struct, frozen=True, kw_only=True):
    """The incident; `key` and `number` name it, `change` counts what became of it."""

    key: str
    number: int
    name: str
    change: int
    severity: Level
    priority: str
    labels: dict[str, str]
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    alerts: tuple[Told, ...]


class Link(Struct, frozen=True, kw_only=True):
    """An address to read on."""

    name: str
    url: str


class Delivery(Struct, frozen=True, kw_only=True):
    """What is sent: `id` is the same when it comes twice, `escalated_to` has the contacts of a step of escalation."""

    version: int
    id: str
    kind: Kind
    escalated_to: str
    incident: About
    author: str
    pull_request: str
    commits: int | None
    links: tuple[Link, ...]


def delivery(notice: Notice) -> Delivery:
    """What is told of an incident now."""
    incident, context = notice.incident, notice.context
    return Delivery(
        version=VERSION,
        id=notice.intent.id,
        kind=notice.intent.kind,
        escalated_to=notice.intent.text,
        incident=About(
            key=incident.key,
            number=incident.number,
            name=incident.name,
            change=incident.change,
            severity=incident.severity,
            priority=incident.priority,
            labels=incident.labels,
            opened_at=incident.opened_at,
            acknowledged_at=incident.acknowledged_at,
            acknowledged_by=incident.acknowledged_by,
            resolved_at=incident.resolved_at,
            alerts=tuple(map(_told, incident.alerts)),
        ),
        author=context.author,
        pull_request=context.pull_request,
        commits=context.commits,
        links=tuple(Link(name=name, url=url) for name, url in context.links),
    )


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Proof that whoever knows the secret sent this body at this time (seconds since 1970)."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def _told(alert: Alert) -> Told:
    return Told(
        fingerprint=alert.fingerprint,
        labels=alert.labels,
        state=alert.state,
        since=alert.since,
        resolved_at=alert.resolved_at,
        because=alert.because,
        where=alert.where,
        value=alert.last.value,
        bad=_run(alert.bad),
        last=_run(alert.last),
        good=_run(alert.good) if alert.good else None,
    )


def _run(seen: Sighting) -> Run:
    return Run(at=seen.at, commit=seen.commit, pull_request=seen.pull_request, url=seen.url)
