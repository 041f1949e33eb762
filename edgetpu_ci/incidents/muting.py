"""What nobody is to be told of now: silenced, or a consequence of something graver. Pure; as Alertmanager does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from edgetpu_ci.config.alerting import Alerting, Inhibition
from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Book, Incident


def told(book: Book, settings: Alerting, now: datetime) -> tuple[Incident, ...]:
    """The incidents that may be told of now: open with an alert that is not muted, or over after it was told of.

    So a muted incident is told when the mute ends and it still is open, and never when it is over before.
    """
    muted = of(book, settings, now)
    open_ = {one.number for one in book.incidents if any(alert.fingerprint not in muted for alert in firing(one))}
    heard = {intent.number for intent in book.outbox} | {one.number for one in book.incidents if one.receipts}
    return tuple(one for one in book.incidents if one.number in (open_ if one.is_open else heard))


def incidents(book: Book, settings: Alerting, now: datetime) -> frozenset[int]:
    """The numbers of those that are open and that nobody is to be told of now."""
    heard = {one.number for one in told(book, settings, now)}
    return frozenset(one.number for one in book.incidents if one.is_open and one.number not in heard)


def of(book: Book, settings: Alerting, now: datetime) -> frozenset[str]:
    """The fingerprints of the alerts that are muted."""
    alerts = [alert for one in book.incidents for alert in firing(one)]
    labels = [alert.labels for alert in alerts]
    return frozenset(
        alert.fingerprint
        for alert in alerts
        if is_silenced(alert.labels, book, settings, now) or is_inhibited(alert.labels, labels, settings.inhibit)
    )


def is_silenced(labels: Mapping[str, str], book: Book, settings: Alerting, now: datetime) -> bool:
    """Whether a silence of the configuration, or one made by hand, has such an alert now."""
    planned = ((one.match, one.until) for one in settings.silences if one.starts is None or one.starts <= now)
    by_hand = ((one.match, one.until) for one in book.silences)
    return any(now < until and matches(match, labels) for match, until in (*planned, *by_hand))


def is_inhibited(labels: Mapping[str, str], firing: Sequence[Mapping[str, str]], rules: Sequence[Inhibition]) -> bool:
    """Whether nothing is said of an alert with these labels because one of those that fire is graver.

    A source that is a target of the same rule does not inhibit what is a source too, so that none inhibits itself.
    """
    return any(
        matches(rule.source, source)
        and all(source.get(name, "") == labels.get(name, "") for name in rule.equal)
        and not (matches(rule.target, source) and matches(rule.source, labels))
        for rule in rules
        if matches(rule.target, labels)
        for source in firing
    )


def matches(match: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels have all these values; a label that is missing is empty."""
    return all(labels.get(name, "") == value for name, value in match.items())
