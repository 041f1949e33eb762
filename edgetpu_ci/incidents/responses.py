"""Which actions of runbooks an incident calls for, and what came of them, in the book. Pure.

An action is written down before it begins, so that a job that is killed in it is known to have begun it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci.incidents import incident as incidents
from edgetpu_ci.incidents.book import changed
from edgetpu_ci.incidents.record import Book, Incident, Response, Step

GRACE: Final = timedelta(minutes=5)
"""How much longer than its time-out an action may take, before its job is taken to have been killed."""


class Wanted(NamedTuple):
    """An action to begin, by which job; how long it may take, and whether it may be done again after a kill."""

    runbook: str
    action: str
    by: str
    allowed: timedelta
    repeatable: bool


def begin(book: Book, wanted: Callable[[Incident], Iterable[Wanted]], now: datetime) -> Book:
    """The book with all actions of open incidents that are due; each once, but for those that may be repeated."""

    def begun(incident: Incident) -> Incident:
        for action in wanted(incident) if incident.is_open else ():
            incident = _begun(incident, action, now)
        return incident

    return replace(book, incidents=tuple(map(begun, book.incidents)))


def _begun(incident: Incident, wanted: Wanted, now: datetime) -> Incident:
    known = next((one for one in incident.responses if _is_same(one, wanted)), None)
    new = Response(runbook=wanted.runbook, action=wanted.action, by=wanted.by, began=now)
    if known is None:
        return _with(incident, new)
    if known.ended or now < known.began + wanted.allowed + GRACE:
        return incident
    if wanted.repeatable:
        return _with(incident, new)
    lost = "Its job was killed: whether it was done is not known, so it is not done again."
    return ended(incident, replace(known, ended=now, result=lost))


def _is_same(one: Response, other: Response | Wanted) -> bool:
    return (one.runbook, one.action) == (other.runbook, other.action)


def write(book: Book, incident: Incident, begun: Response) -> Book:
    """The book with an action that somebody asked for, whether or not it was done before."""
    return changed(book, incident.key, incident.number, lambda one: _with(one, begun))


def _with(incident: Incident, response: Response) -> Incident:
    others = tuple(one for one in incident.responses if not _is_same(one, response))
    return replace(incident, responses=(*others, response))


def mine(book: Book, by: str) -> Iterator[tuple[Incident, Response]]:
    """The actions that a job has begun and not ended."""
    begun = ((incident, one) for incident in book.incidents for one in incident.responses)
    return ((incident, one) for incident, one in begun if one.by == by and not one.ended)


def finish(book: Book, incident: Incident, response: Response, tells: Iterable[str] = ()) -> Book:
    """The book with the result of an action, on the timeline too; those it `tells` hear of the incident."""
    return changed(book, incident.key, incident.number, lambda one: ended(one, response, tells))


def ended(incident: Incident, response: Response, tells: Iterable[str] = ()) -> Incident:
    """An incident with the result of an action: a change that is said everywhere."""
    at = response.ended or response.began
    by = f"runbook {response.runbook}"
    steps = tuple(Step(contact=name, due=at, taken=at) for name in tells)
    told = incidents.event(_with(incident, response), "updated", f"{response.action}: {response.result}", at, by)
    return replace(told, steps=(*told.steps, *steps))
