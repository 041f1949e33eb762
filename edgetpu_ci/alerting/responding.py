"""Doing what the runbooks of incidents say: at once where they say so, or when somebody asks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from edgetpu_ci import event
from edgetpu_ci.alerting import actions
from edgetpu_ci.alerting.actions import Deed, Done
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import responses
from edgetpu_ci.incidents.record import Book, Incident, Response
from edgetpu_ci.incidents.responses import Wanted
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.runbooks.record import Action, Runbook
from edgetpu_ci.world import World

Change = Callable[[Callable[[Book], Book]], Book]
"""Changes the book in the store, and writes down what is to be said of that."""


class Hand(NamedTuple):
    """What actions are done with; `silent` are incidents of which nothing is said, and so nothing is done either."""

    settings: Config
    config: Path
    folder: Path
    world: World
    rules: Sequence[AlertRule]
    silent: Callable[[Incident], bool]

    def deed(self, incident: Incident | None) -> Deed:
        """An action for an incident, which has a folder of its own."""
        name = f"{incident.key[:8]}-{incident.number}" if incident else "by-hand"
        return Deed(self.settings, self.config, self.folder / "incidents" / name, self.world, incident)


def respond(hand: Hand, change: Change) -> list[Done]:
    """Begin what is due, do it, and write down what came of it. Nothing where a pull request could have said what."""
    if not may_act(event.read(hand.world)):
        return []
    runbooks, by = reading.load(hand.settings.alerting, hand.world.cwd), hand.world.token()

    def wanted(incident: Incident) -> Iterator[Wanted]:
        if not hand.silent(incident):
            for runbook, action in automatic(incident, runbooks, hand.rules):
                ready = actions.make_ready(action, hand.deed(incident))
                allowed = timedelta(seconds=actions.seconds(action))
                yield Wanted(runbook.name, action.called, by, allowed, ready.repeatable)

    begun = change(lambda book: responses.begin(book, wanted, hand.world.now()))
    return [act(hand, runbooks[one.runbook], incident, one, change) for incident, one in [*responses.mine(begun, by)]]


def may_act(happened: event.Event) -> bool:
    """Whether what is checked out is what was reviewed: not a pull request's files, nor another branch's."""
    return happened.pull_request is None and happened.main in ("", happened.branch)


def automatic(
    incident: Incident, runbooks: Mapping[str, Runbook], rules: Sequence[AlertRule]
) -> Iterator[tuple[Runbook, Action]]:
    """What is to be done at once for an incident: of the runbooks of its alerts."""
    named = {rule.name: checking.of(rule, runbooks) for rule in rules}
    alerts = {alert.rule for alert in incident.alerts}
    for runbook in runbooks.values():
        if alerts & {*runbook.triggers} or any(named.get(alert) is runbook for alert in alerts):
            yield from ((runbook, action) for action in runbook.actions if action.auto)


def act(hand: Hand, runbook: Runbook, incident: Incident, begun: Response, change: Change) -> Done:
    """Do an action that the book knows to have begun, and write down how it ended."""
    action = find(runbook, begun.action)
    done = actions.perform(action, actions.make_ready(action, hand.deed(incident)))
    over = replace(begun, ended=hand.world.now(), well=done.well, result=_result(done))
    change(lambda book: responses.finish(book, incident, over, done.tells))
    return done


def _result(done: Done) -> str:
    return f"{done.text} ({done.file})" if done.file else done.text


def find(runbook: Runbook, called: str) -> Action:
    """An action of a runbook; ConfigError names those it has."""
    if found := next((action for action in runbook.actions if action.called == called), None):
        return found
    known = ", ".join(action.called for action in runbook.actions) or "none"
    raise ConfigError(f'The runbook {runbook.name} has no action "{called}"; it has: {known}.')


def by_hand(hand: Hand, runbook: Runbook, action: Action, incident: Incident | None, change: Change) -> Done:
    """Do an action because somebody asks for it, however often it was done; the incident's timeline has it."""
    if incident is None:
        return actions.perform(action, actions.make_ready(action, hand.deed(None)))
    begun = Response(runbook=runbook.name, action=action.called, by=hand.world.token(), began=hand.world.now())
    change(lambda book: responses.write(book, incident, begun))
    return act(hand, runbook, incident, begun, change)
