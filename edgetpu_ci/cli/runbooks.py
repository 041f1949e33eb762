"""`runbook`: which there are, whether each alert has one, and doing what one says."""

import argparse
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgetpu_ci.alerting.responding import Hand
    from edgetpu_ci.config import Config
    from edgetpu_ci.runbooks.record import Action, Runbook
    from edgetpu_ci.world import World


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `runbook`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the runbooks, their alerts and what they may have done")
    surroundings.config_option(listing)
    listing.set_defaults(verb=_list)
    checking = actions.add_parser("check", help="check that every alert has a runbook and every action can be done")
    surroundings.config_option(checking)
    checking.set_defaults(verb=_check)
    running = actions.add_parser("run", help="do what a runbook says, or one action of it")
    surroundings.config_option(running)
    running.add_argument("name", metavar="NAME", help="a runbook, as `runbook list` calls it")
    running.add_argument("--incident", metavar="KEY", default="", help="for this incident: its key, or how that begins")
    running.add_argument("--action", metavar="ACTION", help="only this action; default: all of them")
    running.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    surroundings.output_option(running, "the folder for what is written")
    running.set_defaults(verb=_run)


def _list(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.runbooks import reading

    alerting = surroundings.settings(arguments).alerting
    runbooks = reading.load(alerting, surroundings.world().cwd)
    for runbook in runbooks.values():
        output.say(f"{runbook.name}  {runbook.title}")
        output.say(f"  for   {', '.join(runbook.triggers) or 'alerts that name it'}")
        for action in runbook.actions:
            output.say(f"  {'auto' if action.auto else 'ask '}  {action.called}  {_meaning(action)}")
    if not runbooks:
        output.say("There are no runbooks yet; docs/runbooks.md says how to write one.")
    return 0


def _meaning(action: "Action") -> str:
    from edgetpu_ci.runbooks import catalogue

    known = catalogue.find(action.name)
    return known.meaning if known else "As `alerting.actions` says." if action.name else "A workflow."


def _check(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import config
    from edgetpu_ci.runbooks import checking, reading

    settings = surroundings.settings(arguments)
    runbooks, rules = reading.load(settings.alerting, surroundings.world().cwd), config.alert_rules(settings)
    found = checking.faults(runbooks, rules, settings.alerting)
    for fault in found:
        output.warn(fault)
    if not found:
        output.say(f"{len(runbooks)} runbooks for {len(rules)} alerts: nothing is missing.")
    return 1 if found else 0


def _run(arguments: argparse.Namespace) -> int:
    settings = surroundings.settings(arguments)
    return surroundings.traced(settings, "runbook", lambda world: _performed(settings, arguments, world))


def _performed(settings: "Config", arguments: argparse.Namespace, world: "World") -> int:
    from edgetpu_ci.alerting import responding
    from edgetpu_ci.runbooks import reading

    runbook = _named(reading.load(settings.alerting, world.cwd), arguments.name)
    asked = [responding.find(runbook, arguments.action)] if arguments.action else runbook.actions
    hand = responding.hand(settings, arguments.output, world)
    if arguments.dry_run:
        incident = hand.incident(arguments.incident) if arguments.incident else None
        for action in asked:
            output.say(f"would  {action.called}  {hand.ready(action, incident).would}")
        return 0
    return max([_did(hand, runbook, action, arguments.incident) for action in asked], default=0)


def _did(hand: "Hand", runbook: "Runbook", action: "Action", incident: str) -> int:
    done = hand.ask(runbook, action, incident)
    output.say(f"{'did ' if done.well else 'fail'}  {action.called}  {done.text}")
    if done.file:
        output.say(f"      {done.file}")
    return 0 if done.well else 1


def _named(runbooks: "Mapping[str, Runbook]", name: str) -> "Runbook":
    from edgetpu_ci import spelling

    if name not in runbooks:
        listed = f"; there are: {', '.join(runbooks)}." if runbooks else "; there are none yet."
        raise ConfigError(f'No runbook is called "{name}"{spelling.meant(name, runbooks) or listed}')
    return runbooks[name]
