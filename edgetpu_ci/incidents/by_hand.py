"""What people do with incidents: name one, take it on, close it, silence alerts. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from edgetpu_ci import spelling
from edgetpu_ci.config import checking
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import incident
from edgetpu_ci.incidents.book import changed
from edgetpu_ci.incidents.record import Acknowledged, Book, Incident, Intent, Muted

_LONGEST: Final = 200
_LISTED: Final = 5
_DIGITS: Final = 8


def short(one: Incident | Intent) -> str:
    """What an incident, or that of an intent, is called on the command line: "f329e9e0-1"."""
    return f"{one.key[:_DIGITS]}-{one.number}"


def find(incidents: Iterable[Incident], called: str) -> Incident:
    """The incident with this key, name, or beginning of one; without a number the newest. ConfigError for none or many.

    An alert's name will do where all its incidents have one key.
    """
    known, called = tuple(incidents), called.strip()
    found = [one for one in known if called and _is_called(one, called)]
    keys = {one.key for one in found}
    if len(keys) > 1:
        named = sorted({_distinct(one, called) for one in found})
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        raise ConfigError(f'"{called}" may mean any of {", ".join(named[:_LISTED])}{more}; write more of its key.')
    if not found:
        names = [name for one in known for name in (one.key, short(one), one.name, one.labels.get("alertname", ""))]
        guess = spelling.meant(called, filter(None, names)) or "; `edgetpu-ci incidents list` shows them."
        raise ConfigError(f'No incident is called "{called}"{guess}')
    return max(found, key=lambda one: one.number)


def _distinct(one: Incident, called: str) -> str:
    """As many digits of its key as `list` shows, or one more than was given of it."""
    digits = len(called) + 1 if one.key.startswith(called) else 0
    return one.key[: max(_DIGITS, digits)]


def _is_called(one: Incident, called: str) -> bool:
    key, dash, number = called.rpartition(" ")[2].rpartition("-")
    is_numbered = bool(dash and key) and number == str(one.number) and one.key.startswith(key)
    return one.key.startswith(called) or is_numbered or one.labels.get("alertname") == called


def acknowledge(book: Book, said: Acknowledged) -> Book:
    """The book in which somebody takes an open incident on; the first who does stays."""

    def taken(one: Incident) -> Incident:
        if not one.is_open or one.acknowledged_at:
            return one
        told = incident.event(one, "acknowledged", said.how, said.at, said.by)
        return replace(told, acknowledged_at=said.at, acknowledged_by=said.by, acknowledged_in=told.change)

    return changed(book, said.key, said.number, taken)


def close(book: Book, said: Acknowledged) -> Book:
    """The book in which an open incident is over because somebody says so; if it is still bad, a new one is opened.

    What was missing is expected no more.
    """

    def closed(one: Incident) -> Incident:
        text = f"closed by hand: {said.over}"
        return incident.with_end(one, incident.firing(one), text, said.at, said.by) if one.is_open else one

    ended = {
        alert.fingerprint
        for one in book.incidents
        if (one.key, one.number) == (said.key, said.number)
        for alert in incident.firing(one)
    }
    watched = tuple(
        replace(one, good=None) if one.fingerprint in ended and one.last.value is None else one for one in book.watched
    )
    return changed(replace(book, watched=watched), said.key, said.number, closed)


def take(book: Book, answers: Iterable[Acknowledged]) -> Book:
    """The book with what people said of its incidents."""
    for said in answers:
        book = close(book, said) if said.over else acknowledge(book, said)
    return book


def silence(book: Book, muted: Muted, now: datetime) -> Book:
    """The book with a silence, in place of one of the same labels, and without those that are over."""
    left = tuple(one for one in book.silences if one.match != muted.match and one.until > now)
    return replace(book, silences=(*left, muted))


def role(text: str) -> str:
    """A role as it is kept; ConfigError for an address, nothing, or a long text."""
    if not text.strip() or "@" in text or len(text) > _LONGEST:
        raise ConfigError('Give a role, such as "maintainer on duty": no name and no address is kept.')
    return text.strip()


def reason(text: str) -> str:
    """A reason as it is kept; ConfigError for none or a long text."""
    if not text.strip() or len(text) > _LONGEST:
        raise ConfigError(
            f"Give a reason in at most {_LONGEST} characters, such as a link to the change that mends it."
        )
    return text.strip()


def labels(written: Iterable[str], alerts: Collection[str]) -> Mapping[str, str]:
    """Labels as they are written: NAME=VALUE each; ConfigError for anything else, and what no alert has.

    Likewise for what is nearly the name of one of the `alerts`.
    """
    found: dict[str, str] = {}
    for text in written:
        name, sign, value = text.partition("=")
        if not (sign and value):
            raise ConfigError(f'"{text}" is no label; write it as alertname=build_failure_streak.')
        checking.expect(name, checking.LABELS, "silence", "no alert has a label")
        if name in found:
            raise ConfigError(f"The label {name} is given twice; make a silence for each of its values.")
        found[name] = value
    called = found.get("alertname", "")
    if called not in alerts and (guess := spelling.meant(called, alerts)):
        raise ConfigError(f'No alert is called "{called}"{guess}')
    return found
