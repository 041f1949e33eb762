"""How long a book remembers, so that it does not grow without bound. Pure."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.incidents.record import Book, Incident

UNSEEN: Final = timedelta(days=90)
"""What no run could tell of for so long is watched no more, unless it fires."""

MOST_WATCHED: Final = 5000
"""The newest stay."""

LATELY: Final = timedelta(days=7)
"""So long a resolved incident stays, longer where something of it is still to be said; and a silence that expired."""


def forget(book: Book, now: datetime) -> Book:
    """The book without what is long over."""
    firing = {alert.fingerprint for one in book.incidents if one.is_open for alert in one.alerts}
    newest = sorted(book.watched, key=lambda one: one.last.at, reverse=True)[:MOST_WATCHED]
    kept = {one.fingerprint for one in newest if now - one.last.at <= UNSEEN} | firing
    unsaid = {(intent.key, intent.number) for intent in book.outbox}
    return replace(
        book,
        watched=tuple(one for one in book.watched if one.fingerprint in kept),
        alerts=tuple(one for one in book.alerts if one.fingerprint in kept),
        incidents=tuple(one for one in book.incidents if (one.key, one.number) in unsaid or not _is_past(one, now)),
        silences=tuple(one for one in book.silences if now - one.until <= LATELY),
    )


def _is_past(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at > LATELY
