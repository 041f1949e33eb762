"""What is to be said of incidents: written down before it is said, in order, and taken on by one job at a time. Pure.

Each target hears of an incident in a row of its own: the intents with its name, oldest first.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.incidents.book import changed
from edgetpu_ci.incidents.incident import noted
from edgetpu_ci.incidents.record import Book, Event, Incident, Intent, Kind, Receipt, Step

LEASE: Final = timedelta(minutes=5)
"""How long a job has for what it took on; after that another may say it, perhaps again."""

REFUSED: Final = timedelta(days=1)
"""After this time, or with another configuration, what was refused is tried again."""

LATE: Final = timedelta(days=30)
"""After this time nobody need hear any more that something is over."""


class Reach(Protocol):
    """Who is to hear of what."""

    def targets(self, incident: Incident) -> tuple[str, ...] | None:
        """Where an incident is told of; None while nothing may be said of it."""

    def escalated(self, incident: Incident, step: Step) -> tuple[str, ...]:
        """Where a step of escalation is told of."""

    def exists(self, target: str) -> bool:
        """Whether anything can be said there, now."""


def plan(before: Book, after: Book, reach: Reach, now: datetime) -> Book:
    """The book `after` with what is to be said of its incidents, and without what became needless before it was.

    While nothing may be said of an incident, only what was begun waits; the rest comes again when something may.
    """
    known = {(one.key, one.number): one for one in before.incidents}
    outbox: list[Intent] = []
    # By number: what is over is said before what began after it under the same key.
    for incident in sorted((one for one in after.incidents if not _is_past(one, now)), key=lambda one: one.number):
        earlier = known.get((incident.key, incident.number))
        told = reach.targets(incident)
        for target, row in _rows(after, incident, told or (), reach).items():
            if told is None:
                outbox += [one for one in row if one.tries or is_held(one, now)]
            else:
                new = _new(incident, earlier, target, row, reach, is_told=target in told)
                outbox += coalesce((*row, *new), incident, now)
    return replace(after, outbox=tuple(outbox))


def _is_past(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at > LATE


def _rows(book: Book, incident: Incident, told: Sequence[str], reach: Reach) -> dict[str, tuple[Intent, ...]]:
    """What waits already, by every target that hears of an incident, or should."""
    mine = [one for one in book.outbox if (one.key, one.number) == (incident.key, incident.number)]
    escalated = [target for step in incident.steps for target in reach.escalated(incident, step)]
    targets = (*incident.receipts, *(one.target for one in mine), *told, *escalated)
    there = dict.fromkeys(target for target in targets if reach.exists(target))
    return {target: tuple(one for one in mine if one.target == target) for target in there}


def _new(
    incident: Incident, before: Incident | None, target: str, row: Sequence[Intent], reach: Reach, *, is_told: bool
) -> Iterator[Intent]:
    """What a target is to hear that it did not, and that does not wait."""
    said = incident.receipts[target].said if target in incident.receipts else 0
    heard = max(said, *(one.change for one in row), 0)
    if heard >= incident.change:
        return
    is_known = bool(said or row)
    # Who never heard of it may have been to hear of an earlier step, which a silence took back.
    steps = incident.steps[len(before.steps) if before and is_known else 0 :]
    to = [step for step in steps if target in reach.escalated(incident, step)]
    if is_known or is_told or to:
        escalated = [step.contact for step in to if step.after]
        kind = _kind(incident, heard, is_known=is_known, is_escalated=bool(escalated))
        if kind == "opened" and incident.acknowledged_at:
            # Who calls people needs both: it calls nobody for what somebody took on.
            yield _intent(incident, incident.change - 1, target, "opened")
            kind = "acknowledged"
        yield _intent(incident, incident.change, target, kind, ", ".join(escalated) if kind == "escalated" else "")


def _intent(incident: Incident, change: int, target: str, kind: Kind, text: str = "") -> Intent:
    name = f"{incident.key}/{incident.number}/{change}/{target}"
    return Intent(id=name, key=incident.key, number=incident.number, kind=kind, change=change, target=target, text=text)


def _kind(incident: Incident, heard: int, *, is_known: bool, is_escalated: bool) -> Kind:
    """What is new since the change that was heard."""
    if not incident.is_open:
        return "resolved"
    if is_escalated:
        return "escalated"
    if not is_known:
        return "opened"
    return "acknowledged" if heard < incident.acknowledged_in else "updated"


def coalesce(row: Sequence[Intent], incident: Incident, now: datetime) -> tuple[Intent, ...]:
    """What of a row must still be said. What a job is saying now stays as it is, and in front.

    Who says something says all that is known then: an update beside anything else is needless. Of what is over, only
    that is said, and nothing to who never heard of it. Whom a step of escalation did not reach before somebody took the
    incident on need not hear of it.
    """
    saying = [one for one in row if is_held(one, now)]
    rest = [one for one in row if not is_held(one, now)]
    may_know = bool(saying) or incident.receipts.keys() & {one.target for one in row} or any(one.tries for one in rest)
    if not incident.is_open:
        over = [one for one in rest if one.kind == "resolved"]
        # Who may have heard, of a job that was killed, may have what the notifier then looks for.
        tries = max((one.tries for one in rest), default=0)
        return (*saying, *(replace(one, tries=tries) for one in over[-1:] if may_know))
    if incident.acknowledged_at:
        rest = [one for one in rest if one.kind != "escalated" or one.tries]
        rest = rest if may_know or any(one.kind != "acknowledged" for one in rest) else []
    said = [one for one in rest if one.kind != "updated"]
    return (*saying, *(said or rest[-1:]))


class Claim(Struct, frozen=True, kw_only=True):
    """A job that says things: who it is, what the configuration of its notifiers is, and what it tried already."""

    holder: str
    configured: str = ""
    tried: frozenset[str] = frozenset()


def claim(book: Book, job: Claim, now: datetime) -> Book:
    """The book with what a job takes on: of each row the first, unless another has it or it has to wait.

    Incidents of one key share their rows: some services know them by nothing else.
    `configured` stands for the configuration of notifiers.
    """
    rows: set[tuple[str, str]] = set()
    outbox = []
    for intent in book.outbox:
        row = (intent.key, intent.target)
        is_first = row not in rows
        rows.add(row)
        outbox.append(_taken(intent, job.holder, now) if is_first and _is_due(intent, job, now) else intent)
    return replace(book, outbox=tuple(outbox))


def _taken(intent: Intent, holder: str, now: datetime) -> Intent:
    return replace(intent, holder=holder, holds=now + LEASE, tries=intent.tries + 1, after=None, refused="")


def _is_due(intent: Intent, job: Claim, now: datetime) -> bool:
    if is_held(intent, now) or intent.id in job.tried:
        return False
    is_mended = bool(intent.refused) and intent.refused != job.configured
    return intent.after is None or intent.after <= now or is_mended


def is_held(intent: Intent, now: datetime) -> bool:
    """Whether a job says it now. Nobody holds anything for longer than that: such a clock was wrong."""
    return intent.holds is not None and now < intent.holds <= now + 2 * LEASE


def held(book: Book, holder: str) -> list[Intent]:
    """What a job took on, in order."""
    return [one for one in book.outbox if one.holder == holder]


def said(book: Book, intent: Intent, receipt: Receipt) -> Book:
    """The book after something was said, and without what that made needless."""

    def is_done(one: Intent) -> bool:
        is_same_row = (one.key, one.number, one.target) == (intent.key, intent.number, intent.target)
        return one.id == intent.id or (is_same_row and one.kind == "updated" and one.change <= receipt.said)

    outbox = tuple(one for one in book.outbox if not is_done(one))
    return replace(
        changed(book, intent.key, intent.number, lambda one: _receipted(one, intent.target, receipt)), outbox=outbox
    )


def _receipted(incident: Incident, target: str, receipt: Receipt) -> Incident:
    known = incident.receipts.get(target)
    if known is not None and known.said > receipt.said:
        return incident
    return replace(incident, receipts={**incident.receipts, target: receipt})


def released(book: Book, intent: Intent, trouble: str, after: datetime | None = None) -> Book:
    """The book after something could not be said, in a word why; it may have been heard all the same."""
    return _given_back(book, replace(intent, trouble=trouble, after=after))


def unbegun(book: Book, intent: Intent) -> Book:
    """The book without the claim on what was not tried after all."""
    return _given_back(book, replace(intent, tries=intent.tries - 1))


def refused(book: Book, intent: Intent, event: Event, configured: str) -> Book:
    """The book after somebody refused to hear it: surely nobody did, and nobody will before something is mended."""
    book = _given_back(
        book,
        replace(intent, trouble="refused", refused=configured, after=event.at + REFUSED, tries=intent.tries - 1),
    )
    return changed(book, intent.key, intent.number, lambda one: _noted(one, event))


def _noted(incident: Incident, event: Event) -> Incident:
    """An incident with something on its timeline, once however often it happens."""
    is_known = any(known.text == event.text for known in incident.timeline)
    return incident if is_known else noted(incident, event)


def _given_back(book: Book, intent: Intent) -> Book:
    free = replace(intent, holder="", holds=None)
    outbox = (free if (one.id, one.holder) == (intent.id, intent.holder) else one for one in book.outbox)
    return replace(book, outbox=tuple(outbox))


def is_settled(book: Book, incident: Incident, reach: Reach, now: datetime) -> bool:
    """Whether an incident is over, and everybody heard of it who was to, or it is too late to."""
    if incident.is_open or any((one.key, one.number) == (incident.key, incident.number) for one in book.outbox):
        return False
    if _is_past(incident, now):
        return True
    heard = (receipt.said for target, receipt in incident.receipts.items() if reach.exists(target))
    return all(said >= incident.change for said in heard)
