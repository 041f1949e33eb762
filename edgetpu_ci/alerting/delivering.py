"""Saying what a job took on: each to its notifier, and written down right after, so that nothing is lost or doubled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import memory
from edgetpu_ci.alerting import keeper
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, EdgeTpuCiError, LaterError
from edgetpu_ci.incidents import intents
from edgetpu_ci.incidents.intents import Claim
from edgetpu_ci.incidents.record import Book, Context, Event, Incident, Intent, Notice
from edgetpu_ci.notify import Bound, trouble
from edgetpu_ci.world import World

SECONDS: Final = 60.0
"""For how long a job begins to say things; the rest waits for the next."""


class Delivered(NamedTuple):
    """What was said, what could not be, and the book after it."""

    book: Book
    said: tuple[Intent, ...]
    problems: tuple[EdgeTpuCiError, ...]


@dataclass(frozen=True, kw_only=True)
class Messenger:
    """A job that says what it holds: `bound` has its notifiers by name, `context` looks up what is told beside."""

    state: memory.State
    bound: Mapping[str, Bound]
    context: Callable[[Incident], Context]
    job: Claim
    world: World
    said: list[Intent] = field(default_factory=list)
    problems: list[EdgeTpuCiError] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    _known: dict[tuple[object, ...], Context] = field(default_factory=dict)

    def deliver(self, book: Book) -> Delivered:
        """Say all that is held and what may be said after it. Nothing that fails here is lost: it waits."""
        until = self.world.monotonic() + SECONDS
        tried: set[str] = set()
        try:
            while held := intents.held(book, self.job.holder):
                if self.world.monotonic() >= until:
                    book = self._give_back(held)
                    break
                # What is dead may take all the time there is, so what lives comes first.
                intent = min(held, key=lambda one: _way(one) in self.dead)
                tried.add(intent.id)
                book = self._write_down(self._say(intent, book), frozenset(tried))
        except EdgeTpuCiError as error:
            # What was said and not written down is said again after the lease, with the same name.
            self.problems.append(error)
        return Delivered(book, tuple(self.said), tuple(self.problems))

    def _write_down(self, ended: Callable[[Book], Book], tried: frozenset[str]) -> Book:
        """How it ended, and with it the claim on what may be said next."""
        job = replace(self.job, tried=tried)
        return keeper.change(self.state, lambda book: intents.claim(ended(book), job, self.world.now()), self.world)

    def _say(self, intent: Intent, book: Book) -> Callable[[Book], Book]:
        """Say one thing; what that changes in the book."""
        try:
            notifier, notice = self._bound(intent), self._notice(intent, book)
            notifier.check(self.world)
            receipt = notifier.tell(notice, self.world)
        except Exception as error:  # noqa: BLE001 - a third party's notifier may fail in its own ways, but costs no run
            return self._failed(intent, trouble(intent.target, error))
        self.said.append(intent)
        done = replace(receipt, said=notice.incident.change)
        return lambda book: intents.said(book, intent, done)

    def _bound(self, intent: Intent) -> Bound:
        return self.bound[_way(intent)]

    def _notice(self, intent: Intent, book: Book) -> Notice:
        incident = next(one for one in book.incidents if (one.key, one.number) == (intent.key, intent.number))
        return Notice(
            intent=intent,
            incident=incident,
            address=intent.target.partition(" ")[2],
            context=self._looked_up(incident),
            earlier=incident.receipts.get(intent.target),
            perhaps=intent.tries > 1,
        )

    def _looked_up(self, incident: Incident) -> Context:
        """Once for all who hear of the same change; again when it has an issue, which the others are led to."""
        change = (incident.key, incident.number, incident.change, *incident.issues)
        if change not in self._known:
            self._known[change] = self._context(incident)
        return self._known[change]

    def _context(self, incident: Incident) -> Context:
        try:
            return self.context(incident)
        except EdgeTpuCiError as error:
            self.world.warn(f"warning: {incident.name} is told without its context: {error}")
            return Context()

    def _failed(self, intent: Intent, error: EdgeTpuCiError) -> Callable[[Book], Book]:
        self.problems.append(error)
        now = self.world.now()
        if isinstance(error, DeniedError):
            event = Event(at=now, kind="updated", text=f"{intent.target} refused to be told")
            return lambda book: intents.refused(book, intent, event, self.job.configured)
        if isinstance(error, ConfigError):
            return lambda book: intents.unbegun(book, replace(intent, trouble="not configured"))
        self.dead.add(_way(intent))
        asked = error.seconds if isinstance(error, LaterError) else 0.0
        after = now + timedelta(seconds=asked) if asked else None
        # Never what a service said: that may hold anything.
        return lambda book: intents.released(book, intent, "not reached", after)

    def _give_back(self, held: list[Intent]) -> Book:
        count = "1 message waits" if len(held) == 1 else f"{len(held)} messages wait"
        self.problems.append(DeliveryError(f"{count} for the next run: saying the others took {SECONDS:.0f} s."))

        def without(book: Book) -> Book:
            for intent in held:
                book = intents.unbegun(book, intent)
            return book

        return keeper.change(self.state, without, self.world)


def _way(intent: Intent) -> str:
    return intent.target.partition(" ")[0]
