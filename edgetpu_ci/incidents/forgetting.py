"""How long a book remembers what is no incident, so that it does not grow without bound. Pure."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.incidents.record import Book

UNSEEN: Final = timedelta(days=90)
"""What no run could tell of for so long is watched no more, and pending no more; what fires stays."""

MOST: Final = 5000
"""So many are watched at most; the newest stay."""


def forget(book: Book, now: datetime) -> Book:
    """The book without what was not seen for long, and without silences that expired as long ago."""
    firing = {alert.fingerprint for one in book.incidents if one.is_open for alert in one.alerts}
    newest = sorted(book.watched, key=lambda one: one.last.at, reverse=True)[:MOST]
    kept = {one.fingerprint for one in newest if now - one.last.at <= UNSEEN} | firing
    return replace(
        book,
        watched=tuple(one for one in book.watched if one.fingerprint in kept),
        alerts=tuple(one for one in book.alerts if one.fingerprint in kept),
        silences=tuple(one for one in book.silences if now - one.until <= UNSEEN),
    )
