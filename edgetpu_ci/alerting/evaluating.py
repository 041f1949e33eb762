"""From reports to what is said of them: at the end of a run, and for what earlier runs left."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec, config, event, history, notify, redaction, run_events, store
from edgetpu_ci.alerting import acknowledgement, beside, changes, context, keeper, looking
from edgetpu_ci.alerting.changes import Changes
from edgetpu_ci.alerting.delivering import Messenger
from edgetpu_ci.alerting.keeper import Kept
from edgetpu_ci.alerting.looking import Looking
from edgetpu_ci.alerting.reaching import Reaching
from edgetpu_ci.alerting.recent import Recent
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.config.logged import RULES, LoggedRule
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError, RefusedError
from edgetpu_ci.event import Event
from edgetpu_ci.incidents import by_hand, escalation, intents, logged, muting
from edgetpu_ci.incidents.intents import Claim
from edgetpu_ci.incidents.logged import Logged, Loud
from edgetpu_ci.incidents.record import Book, Context, Incident, Intent, Sighting
from edgetpu_ci.model import Report
from edgetpu_ci.publish.job import write_outputs
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,}")


class Told(NamedTuple):
    """What became of incidents, what was said of it, what waits that no job is saying now, and what went wrong.

    `is_quiet` where nothing is open, so that there is nothing to be done.
    """

    opened: tuple[Incident, ...]
    resolved: tuple[Incident, ...]
    said: tuple[Intent, ...]
    waiting: tuple[Intent, ...]
    problems: tuple[EdgeTpuCiError, ...]
    is_quiet: bool = False

    @property
    def outputs(self) -> dict[str, str]:
        """What a step has to say of it to later ones."""
        return {"opened": str(len(self.opened))}


class Watch(Struct, frozen=True, kw_only=True):
    """The alerts of a configuration over a store; `repository` is ours, where that is known.

    `elsewhere` has the ways by which an Alertmanager of one's own tells, whatever jobs do.
    """

    alerting: Alerting
    rules: Sequence[AlertRule]
    bound: Mapping[str, notify.Bound]
    store: Store
    repository: str
    context: Callable[[Incident], Context]
    world: World
    elsewhere: Sequence[str] = ()

    def evaluate(self, own: Report | None = None, logged: Logged | None = None) -> Told:
        """Take down what reports and people say, and tell whoever is to hear of it.

        Reports are those of the store that the book has not seen, and a run's `own`; `logged` is what was logged.
        StoreError or DocumentError where the book cannot be had.
        """
        before = keeper.read(self.store)
        job = Claim(holder=self.world.token(), configured=self._configured(before.book))
        book, became = self._taken_down(before, own, logged, job)
        messenger = Messenger(state=self.store, bound=self.bound, context=self.context, job=job, world=self.world)
        done = messenger.deliver(book)
        if own:
            beside.follow(own, self._looking.labels(own), self.bound.values(), self.world)
        beside.say_again(book.incidents, self.bound, self.context, self.world)
        left, unkept = self._put_away(done.book)
        waiting = tuple(one for one in left.outbox if not intents.is_held(one, self.world.now()))
        is_quiet = not any(one.is_open for one in left.incidents)
        problems = (*done.problems, *unkept, *self._unheard(left))
        became.note(self.store, self.world)
        run_events.undelivered(problems, self.world)
        return Told(became.opened, became.resolved, done.said, waiting, problems, is_quiet)

    def planned(self, before: Book, after: Book) -> Book:
        """The book `after` with what is to be said."""
        return intents.plan(before, after, self.reach(after), self.world.now())

    def _taken_down(self, before: Kept, own: Report | None, logged: Logged | None, job: Claim) -> tuple[Book, Changes]:
        """The book with all that is new, and what is to be said of it taken on; what that changed."""
        news = looking.news(before.book, self.store, self.world, own)
        answers = acknowledgement.read(before.book, self.bound.values(), self.world)
        old, digest = before.book, sha256(codec.encode_json_line(self.alerting)).hexdigest()[:16]

        def changed(book: Book) -> Book:
            nonlocal old
            old = book
            after = by_hand.take(self._looking.at(book, news, self.world.now(), logged), answers)
            after = replace(self.planned(book, self._escalated(after)), configured=digest)
            return intents.claim(after, job, self.world.now())

        book = keeper.change(self.store, changed, self.world, before)
        return book, changes.between(old, book, answers)

    def logged(self, own: Report) -> Logged:
        """What a run logged until now, with no secret in it."""
        return logged.of_report(own, self._loud(), self._looking.labels(own))

    def broken(self, happened: Event, session: str) -> Logged:
        """The same of a command that made no report."""
        labels = {"repo": self.repository, "branch": happened.branch}
        seen = Sighting(at=self.world.now(), commit=happened.commit, url=happened.run_url, report=session)
        found = {name: value for name, value in labels.items() if value}
        return Logged(loud=self._loud(), labels=found, seen=seen, whole=False)

    def _loud(self) -> Loud:
        known = redaction.secrets(self.world.env, redaction.named(self.alerting))
        return {
            key: tally._replace(last=tally.last._replace(fields=redaction.cleaned(tally.last.fields, known)))
            for key, tally in self.world.observed.take_loud().items()
        }

    @property
    def _looking(self) -> Looking:
        return Looking(rules=self.rules, group_by=self.alerting.group_by, repository=self.repository)

    def reach(self, book: Book) -> Reaching:
        """Who is to hear of what, now."""
        muted = muting.of(book, self.alerting, self.world.now())
        return Reaching(alerting=self.alerting, rules=self.rules, bound=self.bound, muted=muted)

    def _escalated(self, book: Book) -> Book:
        plan = escalation.Plan(alerting=self.alerting, rules=self.rules)
        return escalation.escalate(book, plan, self.world.now())

    def _configured(self, book: Book) -> str:
        """What stands for the configuration of notifiers, and for which of the variables it names are set."""
        written = codec.encode_json_line([self.alerting.notify, self.alerting.contacts])
        named = _VARIABLE.findall(written.decode() + " ".join(one.target for one in book.outbox))
        is_set = sorted({name for name in named if self.world.env.get(name)})
        return sha256(written + " ".join(is_set).encode()).hexdigest()[:8]

    def _unheard(self, book: Book) -> Iterator[ConfigError]:
        """What is open and was to be said, had anybody an address for it."""
        reach = self.reach(book)
        for one in book.incidents:
            names = reach.hearers(one)
            is_untold = names and one.is_open and not one.receipts and reach.targets(one) == ()
            if self.bound and is_untold and not any(map(self._is_told_elsewhere, names)):
                yield ConfigError(
                    f"Nobody is told of {one.name}: none of {', '.join(names)} has an address for it, such as the "
                    "`channel` of slack or, of issues, the repository (GITHUB_REPOSITORY)."
                )

    def _is_told_elsewhere(self, name: str) -> bool:
        """Whether Alertmanager tells by a way, or this contact."""
        return not {name, *self.alerting.contacts.get(name, ())}.isdisjoint(self.elsewhere)

    def _put_away(self, book: Book) -> tuple[Book, Sequence[EdgeTpuCiError]]:
        reach = self.reach(book)
        over = [one for one in book.incidents if intents.is_settled(book, one, reach, self.world.now())]
        return keeper.put_away(self.store, over, self.world) if over else (book, ())


def watch(settings: config.Config, kept: Store, happened: Event, world: World) -> Watch:
    """What watches over a store; ConfigError for a notifier whose options are wrong."""
    bound = [notify.bind(step, f"alerting.notify[{n}]") for n, step in enumerate(settings.alerting.notify)]
    return Watch(
        alerting=settings.alerting,
        rules=config.watched_rules(settings),
        bound={one.use: one for one in bound},
        store=kept,
        repository=happened.repository or world.env.get("GITHUB_REPOSITORY", ""),
        context=partial(context.look_up, settings, Recent(store=kept, world=world), world),
        world=world,
        elsewhere=config.told_by_alertmanager(settings),
    )


def catch_up(settings: config.Config, world: World) -> Told:
    """Evaluate what the store has and the book has not seen, and tell whoever is to hear of it.

    RefusedError for a stranger's job, which is to tell nobody anything, and for one of a change to be merged, whose
    alerts nobody agreed to; ConfigError where no alerts are configured.
    """
    if not config.is_alerting(settings):
        raise ConfigError("The section `alerting` has nothing to look at; docs/alerts.md says what stands there.")
    happened = event.read(world)
    if happened.fork:
        raise RefusedError("This job comes from a fork or Dependabot, which tells nobody of alerts; run it on main.")
    if happened.pull_request is not None:
        raise RefusedError("This job is of a pull request, whose alerts nobody has agreed to yet; run it on main.")
    told = watch(settings, store.open_store(settings.store, world), happened, world).evaluate()
    write_outputs(told.outputs, world)
    return told


def after_run(watching: Watch, report: Report, happened: Event) -> Told | None:
    """The same at the end of a run; None of one that tells nobody: of a change to be merged, or without alerts."""
    is_ours = history.is_main_line(report.run) and not happened.fork
    return (
        watching.evaluate(report, watching.logged(report)) if is_ours and (watching.rules or watching.bound) else None
    )


def after_failure(settings: config.Config, session: str, world: World) -> Told | None:
    """Tell of what a command logged that never came to the end of a run; None where nobody is to be told of it.

    That is so of what people do by hand, and of jobs that tell nobody anything.
    """
    happened = event.read(world)
    is_ours = happened.pull_request is None and not happened.fork and happened.main in ("", happened.branch)
    rules = tuple(rule for rule in config.watched_rules(settings) if isinstance(rule, LoggedRule))
    if not is_ours or world.env.get("GITHUB_ACTIONS") != "true" or not _asks(rules, world):
        return None
    watching = watch(settings, store.open_store(settings.store, world), happened, world)
    return watching.evaluate(logged=watching.broken(happened, session))


def _asks(rules: Sequence[LoggedRule], world: World) -> bool:
    levels = {RULES[rule.name].lower() for rule in rules}
    return any(level in levels for level, _ in world.observed.loud)
