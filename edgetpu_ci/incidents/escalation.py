"""Who hears of what nobody acknowledged, and when; and what of that was missed. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.config import durations, matrix
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import muting
from edgetpu_ci.incidents.incident import noted
from edgetpu_ci.incidents.record import Book, Event, Incident, Intent, Step


class Plan(Struct, frozen=True, kw_only=True):
    """What the configuration says of escalating: the section, and all its alerts."""

    alerting: Alerting
    rules: Sequence[AlertRule]


class Due(NamedTuple):
    """A step: who is told after which time, and when that is; nobody's name: whoever was told hears it again."""

    at: datetime
    contact: str
    after: str


class Missed(NamedTuple):
    """What was not done in time: of which incident, what, when it was due, and by how much it is or was late."""

    incident: Incident
    what: str
    due: datetime
    late: timedelta


def escalate(book: Book, plan: Plan, now: datetime) -> Book:
    """The book with every step taken that is due."""
    heard = {one.number for one in muting.told(book, plan.alerting, now)}
    found = (due(one, plan, now, is_silent=one.number not in heard) for one in book.incidents)
    return replace(book, incidents=tuple(found))


def due(incident: Incident, plan: Plan, now: datetime, *, is_silent: bool = False) -> Incident:
    """The incident with the steps that are due, each taken once.

    The clock runs from when it was first to be said. It stops when somebody acknowledges it; what nothing may be said
    of has none, and begins anew.
    """
    if not _runs(incident):
        return incident
    incident = replace(incident, told_at=None if is_silent else _told_at(incident, now))
    taken = {(step.contact, step.after) for step in incident.steps}
    new = [step for step in ladder(incident, plan) if step.at <= now and (step.contact, step.after) not in taken]
    if not new:
        return incident
    steps = (Step(contact=one.contact, after=one.after, due=one.at, taken=now) for one in new)
    lines = (Event(at=now, kind="escalated", text=_said(one, now)) for one in new)
    return replace(noted(incident, *lines), change=incident.change + 1, steps=(*incident.steps, *steps))


def _told_at(incident: Incident, now: datetime) -> datetime:
    """When it was first to be said: not yet to come, nor before it opened. What else a clock says was wrong."""
    told_at = min(incident.told_at or now, now)
    return max(told_at, incident.opened_at) if incident.opened_at <= now else told_at


def ladder(incident: Incident, plan: Plan) -> tuple[Due, ...]:
    """Every step of an incident, the soonest first: of the matrix, and of response times that nobody kept.

    Whom the matrix tells at once hears with the first, and is no step. A response time without an `escalation` is a
    reminder.
    """
    if incident.told_at is None:
        return ()
    rungs = matrix.ladder(plan.alerting, incident.priority)
    later = [(rung.after, contact) for rung in rungs if rung.after for contact in rung.contacts]
    steps = sorted({*later, *_responses(incident, plan.rules)})
    return tuple(Due(incident.told_at + after, contact, durations.words(after)) for after, contact in steps)


def _responses(incident: Incident, rules: Sequence[AlertRule]) -> Iterator[tuple[timedelta, str]]:
    firing = {alert.rule for alert in incident.alerts if alert.state == "firing"}
    for rule in rules:
        if rule.name in firing and rule.response_time:
            yield durations.time(rule.response_time, f"the response_time of {rule.name}"), rule.escalation


def _runs(incident: Incident) -> bool:
    return incident.is_open and incident.acknowledged_at is None


def _said(step: Due, now: datetime) -> str:
    late = now - step.at
    by = f", {durations.words(late)} late" if late >= timedelta(minutes=1) else ""
    if not step.contact:
        return f"nobody acknowledged it within {step.after}{by}"
    return f"{step.contact} is told, as nobody acknowledged it within {step.after}{by}"


def audit(book: Book, plan: Plan, now: datetime, tolerance: timedelta) -> tuple[Missed, ...]:
    """What was missed of open incidents that nobody acknowledged, by more than `tolerance`."""
    found = (
        missed
        for incident in filter(_runs, muting.told(book, plan.alerting, now))
        for missed in (*_untold(incident, now), *_steps(incident, plan, now), *_unsaid(incident, book.outbox, now))
    )
    return tuple(one for one in found if one.late > tolerance)


def _untold(incident: Incident, now: datetime) -> Iterator[Missed]:
    """What opened, and has had no run since that could say so."""
    if incident.told_at is None and not incident.receipts:
        yield Missed(incident, "nobody was told of it", incident.opened_at, now - incident.opened_at)


def _steps(incident: Incident, plan: Plan, now: datetime) -> Iterator[Missed]:
    taken = {(step.contact, step.after): step for step in incident.steps}
    for step in incident.steps:
        yield Missed(incident, f"{_who(step.contact)} late", step.due, step.taken - step.due)
    for one in ladder(incident, plan):
        if (one.contact, one.after) not in taken:
            yield Missed(incident, _who(one.contact, "not "), one.at, now - one.at)


def _who(contact: str, negation: str = "") -> str:
    return f"{contact} was {negation}told" if contact else f"whoever was told was {negation}reminded"


def _unsaid(incident: Incident, outbox: tuple[Intent, ...], now: datetime) -> Iterator[Missed]:
    """What was written down to be said, and still waits."""
    taken = {step.contact: step.taken for step in incident.steps}
    for intent in outbox:
        is_of_it = (intent.key, intent.number) == (incident.key, incident.number)
        if is_of_it and intent.kind in {"opened", "escalated"} and incident.told_at:
            names = intent.text.split(", ") if intent.kind == "escalated" else []
            since = min((taken[who] for who in names if who in taken), default=incident.told_at)
            why = f" ({intent.trouble})" if intent.trouble else ""
            yield Missed(incident, f"{intent.target} has not heard{why}", since, now - since)


def sentence(missed: Missed) -> str:
    """`build_failure_streak 1a2b3c4d-7: cto was not told; due 2026-11-25 12:15 UTC, 22 min late`."""
    when = f"due {missed.due:%Y-%m-%d %H:%M} UTC, {durations.words(missed.late)} late"
    return f"{missed.incident.name}: {missed.what}; {when}"
