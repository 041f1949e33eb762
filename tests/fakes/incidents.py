"""Incidents as a run may find them, and who hears of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from edgetpu_ci.config.alerting import Level
from edgetpu_ci.incidents.record import Alert, Book, Event, Incident, Sighting, Step

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = "f329e9e042cf" + "0" * 52
LABELS = {"alertname": "build_failure_streak", "repo": "owner/name", "branch": "main", "severity": "critical"}


def alert(**parts: Any) -> Alert:
    """One that fires."""
    seen = Sighting(at=NOW, value=4.0, commit="c0ffee", url="https://github.com/owner/name/actions/runs/1")
    known = {"fingerprint": "0123456789abcdef", "rule": "build_failure_streak", "labels": LABELS, "state": "firing"}
    return Alert(**{**known, "bad": seen, "last": seen, "bad_runs": 4, "since": NOW, **parts})


def incident(key: str = KEY, number: int = 1, severity: Level = "critical", **parts: Any) -> Incident:
    """One that has just been opened."""
    opened = Event(at=NOW, kind="opened", text="build_failure_streak: 4 runs in a row failed, more than 3")
    known = {"labels": LABELS, "alerts": (alert(),), "opened_at": NOW, "timeline": (opened,)}
    return Incident(key=key, number=number, severity=severity, **{**known, **parts})


def changed(book: Book, key: str, change: Callable[[Incident], Incident]) -> Book:
    """The book with the newest incident of a key made another one, its change counted."""
    newest = max((one.number for one in book.incidents if one.key == key), default=0)
    return replace(
        book,
        incidents=tuple(
            replace(change(one), change=one.change + 1) if (one.key, one.number) == (key, newest) else one
            for one in book.incidents
        ),
    )


def acknowledged(one: Incident) -> Incident:
    """Somebody takes care of it."""
    return replace(one, acknowledged_at=NOW, acknowledged_by="maintainer on duty", acknowledged_in=one.change + 1)


def resolved(one: Incident) -> Incident:
    """It is over."""
    return replace(one, resolved_at=NOW + timedelta(hours=1))


def escalated(one: Incident, contact: str = "cto") -> Incident:
    """Somebody else hears of it."""
    return replace(one, steps=(*one.steps, Step(contact=contact, after="15_min", due=NOW, taken=NOW)))


@dataclass
class Reached:
    """Every incident is told of in the same places; `silent` while nothing may be said."""

    places: tuple[str, ...] = ("slack #dev", "pagerduty P0")
    contacts: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"cto": ("slack @cto",)})
    silent: bool = False
    gone: frozenset[str] = frozenset()

    def targets(self, _incident: Incident) -> tuple[str, ...] | None:
        """As of a Reach."""
        return None if self.silent else self.places

    def escalated(self, _incident: Incident, step: Step) -> tuple[str, ...]:
        """As of a Reach."""
        return self.contacts.get(step.contact, ())

    def exists(self, target: str) -> bool:
        """As of a Reach."""
        return target not in self.gone
