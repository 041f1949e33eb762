"""What people do with incidents by hand: look, take one on, close one, silence alerts."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Final, NamedTuple

from edgetpu_ci import audit_log, config, event, store
from edgetpu_ci.alerting import evaluating, keeper
from edgetpu_ci.audit_log import Act
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import by_hand, muting
from edgetpu_ci.incidents.record import Acknowledged, Book, Incident, Intent, Muted
from edgetpu_ci.world import World

_LATELY: Final = 20
_MOST: Final = 1000


class Overview(NamedTuple):
    """Those that are open, then the newest of those that are over; the silences by hand that hold; who is muted."""

    incidents: list[Incident]
    silences: list[Muted]
    muted: frozenset[int]


def overview(settings: config.Config, world: World) -> Overview:
    """What stands in the store."""
    kept = store.open_store(settings.store, world)
    book = keeper.load(kept)
    known = sorted(book.incidents, key=lambda one: (not one.is_open, one.number))
    silences = [one for one in book.silences if one.until > world.now()]
    muted = muting.incidents(book, settings.alerting, world.now())
    return Overview([*known, *islice(keeper.past(kept, world), _LATELY)], silences, muted)


def one(settings: config.Config, key: str, world: World) -> tuple[Incident, list[Intent], bool]:
    """An incident, open or over, what waits to be said of it, and whether it is muted.

    ConfigError where none or several are meant.
    """
    kept = store.open_store(settings.store, world)
    book = keeper.load(kept)
    found = by_hand.find(_known(book, kept, world), key)
    waiting = [intent for intent in book.outbox if (intent.key, intent.number) == (found.key, found.number)]
    is_muted = found.is_open and found.number in muting.incidents(book, settings.alerting, world.now())
    return found, waiting, is_muted


def acknowledge(settings: config.Config, key: str, role: str, world: World) -> Incident:
    """Take an open incident on; ConfigError for one that is over, or that somebody has."""
    by, at = by_hand.role(role), world.now()

    def taken(book: Book, found: Incident) -> Book:
        if found.acknowledged_at:
            raise ConfigError(f"{found.name} was acknowledged already, by {found.acknowledged_by or 'somebody'}.")
        said = Acknowledged(key=found.key, number=found.number, by=by, at=at, how="by hand")
        return by_hand.acknowledge(book, said)

    done = _changed(settings, key, taken, world)
    world.observed.tell("info", "incident_acknowledged", at, incident=done.name)
    _record(settings, Act("acknowledged", done.name, by=by), world)
    return done


def close(settings: config.Config, key: str, reason: str, world: World) -> Incident:
    """End an open incident; ConfigError for one that is over."""
    why, at = by_hand.reason(reason), world.now()

    def closed(book: Book, found: Incident) -> Book:
        said = Acknowledged(key=found.key, number=found.number, by="", at=at, how="by hand", over=why)
        return by_hand.close(book, said)

    done = _changed(settings, key, closed, world)
    _record(settings, Act("closed", done.name, why), world)
    return done


def _record(settings: config.Config, act: Act, world: World) -> None:
    audit_log.record(store.open_store(settings.store, world), act, world)


def silence(settings: config.Config, labels: Sequence[str], until: datetime, reason: str, world: World) -> Muted:
    """Silence alerts with these labels, none: all; ConfigError for a time that is past, and a label that none has."""
    now = world.now()
    if until <= now:
        raise ConfigError(f"{until:%Y-%m-%d %H:%M} UTC is past; a silence ends in time to come.")
    alerts = {rule.name for rule in config.watched_rules(settings)}
    muted = Muted(match=dict(by_hand.labels(labels, alerts)), until=until, reason=by_hand.reason(reason))
    kept = store.open_store(settings.store, world)
    keeper.change(kept, lambda book: by_hand.silence(book, muted, now), world)
    what = " ".join(f"{name}={value}" for name, value in muted.match.items()) or "everything"
    audit_log.record(kept, Act("silenced", what, f"until {until:%Y-%m-%d %H:%M} UTC: {muted.reason}"), world)
    return muted


def _changed(settings: config.Config, key: str, change: Callable[[Book, Incident], Book], world: World) -> Incident:
    """An open incident after a change that others are still to hear of."""
    kept = store.open_store(settings.store, world)
    watch = evaluating.watch(settings, kept, event.read(world), world)
    of = ("", 0)

    def changed(book: Book) -> Book:
        nonlocal of
        found = _open(book, kept, key, world)
        of = (found.key, found.number)
        return watch.planned(book, change(book, found))

    book = keeper.change(kept, changed, world)
    return next(one for one in book.incidents if (one.key, one.number) == of)


def _open(book: Book, kept: store.Store, key: str, world: World) -> Incident:
    """The open incident of this name; ConfigError where it is over, or none is called so."""
    try:
        found = by_hand.find(book.incidents, key)
    except ConfigError:
        found = by_hand.find(_known(book, kept, world), key)
    if not found.is_open:
        raise ConfigError(f"{found.name} is over since {found.resolved_at:%Y-%m-%d %H:%M} UTC.")
    return found


def _known(book: Book, kept: store.Store, world: World) -> Iterator[Incident]:
    """Those of the book, then the newest that are over."""
    return chain(book.incidents, islice(keeper.past(kept, world), _MOST))
