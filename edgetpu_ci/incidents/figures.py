"""How often something is wrong, how soon somebody takes it on, and how late others heard of it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.kpis import summary
from edgetpu_ci.metrics.incidents import WINDOW
from edgetpu_ci.model import REPOSITORY, Measurement

_DAYS: Final = timedelta(days=WINDOW)


def measurements(incidents: Iterable[Incident], now: datetime) -> Iterator[Measurement]:
    """The figures of the window until now, and of the equal one before."""
    known = tuple(incidents)
    waiting = [one for one in known if one.is_open]
    untaken = [one for one in waiting if one.acknowledged_at is None]
    recent, earlier = ([one for one in known if start < one.opened_at <= start + _DAYS] for start in _starts(now))
    yield summary.plain(REPOSITORY, "incidents_open", len(waiting))
    yield summary.plain(REPOSITORY, "incidents_unacknowledged", len(untaken))
    yield summary.count(REPOSITORY, "incidents_opened", len(recent), len(earlier))
    taken_on = f"acknowledged incidents of {WINDOW} days"
    yield summary.spread(REPOSITORY, "time_to_acknowledge_minutes", _answered(recent), _answered(earlier), of=taken_on)
    yield from _lateness(known, now)


def _starts(now: datetime) -> tuple[datetime, datetime]:
    return now - _DAYS, now - 2 * _DAYS


def _answered(incidents: Iterable[Incident]) -> list[float]:
    return [
        max(0.0, _minutes(one.acknowledged_at - (one.told_at or one.opened_at)))
        for one in incidents
        if one.acknowledged_at
    ]


def _lateness(incidents: Sequence[Incident], now: datetime) -> Iterator[Measurement]:
    """By how much the latest step came late; nothing where none was taken."""
    steps = [step for one in incidents for step in one.steps if step.after and now - step.taken <= _DAYS]
    late = [_minutes(step.taken - step.due) for step in steps]
    if late:
        details = (("counted", f"{len(late):,} steps"),)
        yield summary.plain(REPOSITORY, "escalation_lateness_minutes", max(late), n=len(late), details=details)


def _minutes(length: timedelta) -> float:
    return length.total_seconds() / 60
