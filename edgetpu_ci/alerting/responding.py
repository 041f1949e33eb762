"""Doing what the runbooks of incidents say: at once where they say so, or when somebody asks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import audit_log, event, store
from edgetpu_ci.alerting import actions, evaluating, keeper
from edgetpu_ci.alerting.actions import Deed, Done
from edgetpu_ci.alerting.evaluating import Told, Watch
from edgetpu_ci.audit_log import Act
from edgetpu_ci.config import Config
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError
from edgetpu_ci.incidents import by_hand, responses
from edgetpu_ci.incidents.record import Book, Incident, Response
from edgetpu_ci.incidents.responses import Wanted
from edgetpu_ci.render import words
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.runbooks.record import Action, Runbook
from edgetpu_ci.world import World


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What does the actions of runbooks for the incidents that are watched; they write below `folder`."""

    settings: Config
    watch: Watch
    folder: Path
    world: World

    def respond(self) -> list[Done]:
        """Begin what is due, do it, and write down what came of it."""
        runbooks, by = reading.load(self.settings.alerting, self.world.cwd), self.world.token()

        def begun(book: Book) -> Book:
            is_silent = self.watch.reach(book).is_silent
            return responses.begin(
                book,
                lambda incident: () if is_silent(incident) else self._wanted(incident, runbooks, by),
                self.world.now(),
            )

        mine = list(responses.mine(self._change(begun), by))
        return [self._act(runbooks[one.runbook], one, incident) for incident, one in mine]

    def _wanted(self, incident: Incident, runbooks: Mapping[str, Runbook], by: str) -> Iterator[Wanted]:
        for runbook, action in self.automatic(incident, runbooks):
            allowed = timedelta(seconds=actions.seconds(action))
            yield Wanted(runbook.name, action.called, by, allowed, self.ready(action, incident).repeatable)

    def automatic(self, incident: Incident, runbooks: Mapping[str, Runbook]) -> Iterator[tuple[Runbook, Action]]:
        """What is to be done at once for an incident: of the runbooks of its alerts."""
        named = {rule.name: checking.of(rule, runbooks) for rule in self.watch.rules}
        alerts = {alert.rule for alert in incident.alerts}
        for runbook in runbooks.values():
            if alerts & {*runbook.triggers} or any(named.get(alert) is runbook for alert in alerts):
                yield from ((runbook, action) for action in runbook.actions if action.auto)

    def ready(self, action: Action, incident: Incident | None) -> actions.Ready:
        """How an action is done for an incident, which has a folder of its own."""
        folder = self.folder / "incidents" / (by_hand.short(incident) if incident else "none")
        return actions.make_ready(action, Deed(self.settings, folder, self.world, incident))

    def ask(self, runbook: Runbook, action: Action, called: str) -> Done:
        """Do an action because somebody asks for it, however often it was done; the incident's timeline has it."""
        if not called:
            return self._perform(runbook, action, None)
        incident = self.incident(called)
        begun = Response(runbook=runbook.name, action=action.called, by=self.world.token(), began=self.world.now())
        self._change(lambda book: responses.write(book, incident, begun))
        return self._act(runbook, begun, incident)

    def incident(self, called: str) -> Incident:
        """An open incident; ConfigError where none or several are meant, or it is over."""
        found = by_hand.find(keeper.load(self.watch.store).incidents, called)
        if not found.is_open:
            raise ConfigError(f"{found.name} is over since {found.resolved_at:%Y-%m-%d %H:%M} UTC.")
        return found

    def _act(self, runbook: Runbook, begun: Response, incident: Incident) -> Done:
        """Do an action that the book knows to have begun, and write down how it ended."""
        action = find(runbook, begun.action)
        done = self._perform(runbook, action, incident)
        result = words.plain(f"{done.text} ({done.file})" if done.file else done.text, words.SENTENCE)
        over = replace(begun, ended=self.world.now(), well=done.well, result=result)
        self._change(lambda book: responses.finish(book, incident, over, done.tells))
        act = Act("acted", incident.name, f"{runbook.name}: {action.called} went {'well' if done.well else 'wrong'}")
        audit_log.record(self.watch.store, act, self.world)
        return done

    def _perform(self, runbook: Runbook, action: Action, incident: Incident | None) -> Done:
        known = {"edgetpu_ci.runbook": runbook.name, "edgetpu_ci.action": action.called}
        with self.world.observed.span("runbook_action", **known):
            return actions.perform(action, self.ready(action, incident))

    def _change(self, change: Callable[[Book], Book]) -> Book:
        """The book with a change that others are to hear of."""
        return keeper.change(self.watch.store, lambda book: self.watch.planned(book, change(book)), self.world)


def find(runbook: Runbook, called: str) -> Action:
    """An action of a runbook; ConfigError names those it has."""
    if found := next((action for action in runbook.actions if action.called == called), None):
        return found
    known = ", ".join(action.called for action in runbook.actions) or "none"
    raise ConfigError(f'The runbook {runbook.name} has no action "{called}"; it has: {known}.')


def hand(settings: Config, folder: Path, world: World) -> Hand:
    """What does actions by the configuration; ConfigError for a notifier whose options are wrong."""
    watch = evaluating.watch(settings, store.open_store(settings.store, world), event.read(world), world)
    return Hand(settings=settings, watch=watch, folder=folder, world=world)


def catch_up(settings: Config, folder: Path, world: World) -> Told:
    """Evaluate and tell what is new, then do what the runbooks say, and tell that."""
    told = evaluating.catch_up(settings, world)
    return follow(told, hand(settings, folder, world))


def follow(told: Told, acting: Hand) -> Told:
    """What was told, and then of what was done; nothing is done where a pull request could have said what."""
    if told.is_quiet:
        return told
    try:
        if not may_act(event.read(acting.world)) or not acting.respond():
            return told
    except EdgeTpuCiError as error:
        return told._replace(problems=(*told.problems, error))
    again = acting.watch.evaluate()
    new = tuple(one for one in again.problems if str(one) not in map(str, told.problems))
    return Told(
        told.opened + again.opened,
        told.resolved + again.resolved,
        told.said + again.said,
        again.waiting,
        told.problems + new,
        again.is_quiet,
    )


def may_act(happened: event.Event) -> bool:
    """Whether what is checked out was reviewed: neither a pull request's files, nor another branch's."""
    return happened.pull_request is None and happened.main in ("", happened.branch)
