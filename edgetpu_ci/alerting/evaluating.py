"""From reports to what is said of them: at the end of a run, and for what earlier runs left."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import codec, config, event, history, notify, store
from edgetpu_ci.alerting import acknowledgement, beside, keeper
from edgetpu_ci.alerting.delivering import Messenger
from edgetpu_ci.alerting.reaching import Reaching
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.errors import EdgeTpuCiError, RefusedError
from edgetpu_ci.event import Event
from edgetpu_ci.incidents import by_hand, escalation, evaluate, intents, machine, muting
from edgetpu_ci.incidents.intents import Claim
from edgetpu_ci.incidents.record import Book, Context, Incident, Intent
from edgetpu_ci.model import Report
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

MOST: Final = 50
"""Reports of each kind that are looked at in one go: the newest."""

_SEEN: Final = 200
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_OF_RUN: Final = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/actions/runs/")


class Told(NamedTuple):
    """What became of incidents, what was said of it, how much still waits, and what went wrong."""

    opened: tuple[Incident, ...]
    resolved: tuple[Incident, ...]
    said: tuple[Intent, ...]
    waiting: tuple[Intent, ...]
    problems: tuple[EdgeTpuCiError, ...]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The alerts of a configuration over a store; `repository` is ours, where that is known."""

    alerting: Alerting
    rules: Sequence[AlertRule]
    bound: Mapping[str, notify.Bound]
    store: Store
    repository: str
    context: Callable[[Incident], Context]
    world: World

    def evaluate(self, reports: Sequence[Report]) -> Told:
        """Take down what the reports and people say, and tell whoever is to hear of it.

        Reports that the book has seen change nothing. StoreError or DocumentError where the book cannot be had.
        """
        before = keeper.load(self.store)
        answers = acknowledgement.read(before, self.bound.values(), self.world)
        job = Claim(holder=self.world.token(), configured=self._configured(before))
        known: set[tuple[str, int]] = set()

        def changed(book: Book) -> Book:
            known.clear()
            known.update((one.key, one.number) for one in book.incidents if one.is_open)
            after = by_hand.take(self._looked(book, reports), answers)
            return intents.claim(self.planned(book, self._escalated(after)), job, self.world.now())

        book = keeper.change(self.store, changed, self.world)
        opened, resolved = _became(known, book)
        beside.say_again(book.incidents, self.bound, self.context, self.world)
        done = Messenger(state=self.store, bound=self.bound, context=self.context, job=job, world=self.world).deliver(
            book
        )
        left, unkept = self._put_away(done.book)
        return Told(opened, resolved, done.said, left.outbox, (*done.problems, *unkept))

    def unseen(self) -> list[Report]:
        """The reports of the store's main line that the book has not seen, oldest first."""
        book = keeper.load(self.store)
        found = [
            report
            for kind in (history.REPORTS, history.KPIS)
            for report in history.readable(self.store, kind, _new(book, kind, self.store.names(kind)), self.world)
        ]
        return sorted(found, key=lambda report: (report.run.at, report.run.id))

    def after(self, report: Report) -> Told:
        """Evaluate a run that has just ended, with what runs before it left."""
        beside.follow(report, self._labels(report), self.bound.values(), self.world)
        left = self.unseen()
        return self.evaluate(left if report.run.id in {one.run.id for one in left} else [*left, report])

    def planned(self, before: Book, after: Book) -> Book:
        """The book `after` with what is to be said."""
        return intents.plan(before, after, self._reach(after), self.world.now())

    def _looked(self, book: Book, reports: Sequence[Report]) -> Book:
        """The book with what the reports say that it has not seen."""
        now = self.world.now()
        book = machine.advance(book, (), self.rules, now, self.alerting.group_by)
        for report in reports:
            kind = history.kind(report.run.machine.key)
            if report.run.id in book.seen.get(kind, ()):
                continue
            if history.is_main_line(report.run):
                found = evaluate.observe(self.rules, report, self._labels(report), book.watched)
                book = machine.advance(book, found, self.rules, now, self.alerting.group_by)
            book = _having_seen(book, kind, report.run.id)
        return book

    def _labels(self, report: Report) -> dict[str, str]:
        of_run = _OF_RUN.match(report.run.url)
        found = {"repo": of_run[1] if of_run else self.repository, "branch": report.run.branch}
        return {name: value for name, value in found.items() if value}

    def _reach(self, book: Book) -> Reaching:
        now = self.world.now()
        muted = muting.of(book, self.alerting, now)
        return Reaching(alerting=self.alerting, rules=self.rules, bound=self.bound, muted=muted)

    def _escalated(self, book: Book) -> Book:
        plan = escalation.Plan(alerting=self.alerting, rules=self.rules)
        return escalation.escalate(book, plan, self._reach(book).is_silent, self.world.now())

    def _configured(self, book: Book) -> str:
        """What stands for the configuration of notifiers, and for which of the variables it names are set."""
        written = codec.encode_json_line([self.alerting.notify, self.alerting.contacts])
        named = _VARIABLE.findall(written.decode() + " ".join(one.target for one in book.outbox))
        is_set = sorted({name for name in named if self.world.env.get(name)})
        return sha256(written + " ".join(is_set).encode()).hexdigest()[:8]

    def _put_away(self, book: Book) -> tuple[Book, Sequence[EdgeTpuCiError]]:
        reach = self._reach(book)
        over = [one for one in book.incidents if intents.is_settled(book, one, reach)]
        return keeper.put_away(self.store, over, self.world) if over else (book, ())


def watch(settings: config.Config, store: Store, happened: Event, world: World) -> Watch:
    """What watches over a store; ConfigError for a notifier whose options are wrong."""
    bound = [notify.bind(step, f"alerting.notify[{n}]") for n, step in enumerate(settings.alerting.notify)]
    return Watch(
        alerting=settings.alerting,
        rules=config.alert_rules(settings),
        bound={one.use: one for one in bound},
        store=store,
        repository=happened.repository,
        context=_context,
        world=world,
    )


def catch_up(settings: config.Config, world: World) -> Told:
    """Evaluate what the store has and the book has not seen, and tell whoever is to hear of it.

    RefusedError for a stranger's job, which is to tell nobody anything.
    """
    happened = event.read(world)
    if happened.fork:
        raise RefusedError("This job comes from a fork or Dependabot, which tells nobody of alerts; run it on main.")
    watching = watch(settings, store.open_store(settings.store, world), happened, world)
    return watching.evaluate(watching.unseen())


def after_run(watching: Watch, report: Report, happened: Event) -> Told | None:
    """The same at the end of a run; None of one that tells nobody: of a change to be merged, or without alerts."""
    is_ours = history.is_main_line(report.run) and not happened.fork
    return watching.after(report) if is_ours and (watching.rules or watching.bound) else None


def _new(book: Book, kind: str, names: Sequence[str]) -> list[str]:
    """Names begin with the time: one below all that are remembered was looked at long ago, or never will be."""
    seen = set(book.seen.get(kind, ()))
    first = min(seen, default="")
    return [name for name in names if name not in seen and name > first][-MOST:]


def _having_seen(book: Book, kind: str, name: str) -> Book:
    newest = sorted({*book.seen.get(kind, ()), name})[-_SEEN:]
    return replace(book, seen={**book.seen, kind: tuple(newest)})


def _became(known: set[tuple[str, int]], book: Book) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    opened = tuple(one for one in book.incidents if one.is_open and (one.key, one.number) not in known)
    resolved = tuple(one for one in book.incidents if not one.is_open and (one.key, one.number) in known)
    return opened, resolved


def _context(_incident: Incident) -> Context:
    return Context()
