"""What nobody is to be told of now: silenced, or a consequence of something graver. Pure; as Alertmanager does it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from edgetpu_ci.config.alerting import Alerting, Inhibition
from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Book, Incident


def told(book: Book, settings: Alerting, now: datetime) -> tuple[Incident, ...]:
    """The incidents that may be told of now: open with an alert that is not muted, or over after it was told of.

    So a muted incident is told when the mute ends and it still is open, and never when it is over before.
    """
    muted = frozenset(of(book, settings, now))
    open_ = {one.number for one in book.incidents if any(alert.fingerprint not in muted for alert in firing(one))}
    heard = {intent.number for intent in book.outbox} | {one.number for one in book.incidents if one.receipts}
    return tuple(one for one in book.incidents if one.number in (open_ if one.is_open else heard))


def of(book: Book, settings: Alerting, now: datetime) -> dict[str, str]:
    """Why each alert that is muted is, by its fingerprint."""
    alerts = [alert for one in book.incidents for alert in firing(one)]
    labels = [alert.labels for alert in alerts]
    why = {
        alert.fingerprint: silenced(alert.labels, book, settings, now)
        or inhibited(alert.labels, labels, settings.inhibit)
        for alert in alerts
    }
    return {fingerprint: reason for fingerprint, reason in why.items() if reason}


def silenced(labels: Mapping[str, str], book: Book, settings: Alerting, now: datetime) -> str:
    """Until when and why nothing is said of such an alert: of the first silence that has it; empty without one."""
    planned = (
        (one.match, one.until, one.reason) for one in settings.silences if one.starts is None or one.starts <= now
    )
    by_hand = ((one.match, one.until, one.reason) for one in book.silences)
    found = ((until, reason) for match, until, reason in (*planned, *by_hand) if now < until and matches(match, labels))
    return next((f"silenced until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {reason}" for until, reason in found), "")


def inhibited(labels: Mapping[str, str], firing: Iterable[Mapping[str, str]], rules: Sequence[Inhibition]) -> str:
    """Because of which alert that fires nothing is said of one with these labels; empty without one.

    A source that is a target of the same rule does not inhibit what is a source too, so that none inhibits itself.
    """
    firing = tuple(firing)
    for rule in rules:
        for source in firing if matches(rule.target, labels) else ():
            is_alike = all(source.get(name, "") == labels.get(name, "") for name in rule.equal)
            both_ways = matches(rule.target, source) and matches(rule.source, labels)
            if matches(rule.source, source) and is_alike and not both_ways:
                return f"{source.get('alertname', 'a graver alert')} fires"
    return ""


def matches(match: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels have all these values; a label that is missing is empty."""
    return all(labels.get(name, "") == value for name, value in match.items())
