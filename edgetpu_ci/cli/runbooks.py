"""`runbook`: which there are, whether each alert has one, and doing what one says."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings

if TYPE_CHECKING:
    from edgetpu_ci.runbooks.record import Action


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
    running.add_argument("--incident", metavar="KEY", help="for this incident: its key, or how that begins")
    running.add_argument("--action", metavar="ACTION", help="only this action; default: all of them")
    running.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    running.add_argument(
        "--output", metavar="FOLDER", type=Path, default=Path("edgetpu-ci-report"), help="default: %(default)s"
    )
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
    from edgetpu_ci.config import triggers
    from edgetpu_ci.runbooks import checking, reading

    alerting = surroundings.settings(arguments).alerting
    runbooks = reading.load(alerting, surroundings.world().cwd)
    rules = (*alerting.rules, *triggers.rules(alerting))
    found = checking.faults(runbooks, rules, alerting)
    for fault in found:
        output.warn(fault)
    if not found:
        output.say(f"{len(runbooks)} runbooks for {len(rules)} alerts: nothing is missing.")
    return 1 if found else 0


def _run(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import config, store
    from edgetpu_ci.alerting import responding
    from edgetpu_ci.runbooks import reading

    settings, world = surroundings.settings(arguments), surroundings.world()
    place = arguments.config or Path(config.FILE)
    hand = responding.Hand(settings, place, arguments.output, world, (), silent=lambda _: False)
    runbook = _named(reading.load(settings.alerting, world.cwd), arguments.name)
    keeper = store.open_store(settings.store, world)
    incident = _incident(keeper, arguments.incident) if arguments.incident else None
    chosen = [responding.find(runbook, arguments.action)] if arguments.action else runbook.actions
    if arguments.dry_run:
        return _would(hand, chosen, incident)
    return max([_did(hand, keeper, runbook, action, incident) for action in chosen], default=0)
