"""`runbook`: which there are, whether each alert has one, and doing what one says."""

import argparse
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


def _list(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.runbooks import reading

    alerting = surroundings.settings(arguments).alerting
    for runbook in reading.load(alerting, surroundings.world().cwd).values():
        output.say(f"{runbook.name}  {runbook.title}")
        output.say(f"  for   {', '.join(runbook.triggers) or 'alerts that name it'}")
        for action in runbook.actions:
            output.say(f"  {'auto' if action.auto else 'ask '}  {action.called}  {_meaning(action)}")
    return 0


def _meaning(action: "Action") -> str:
    from edgetpu_ci.runbooks import catalogue

    known = catalogue.find(action.name)
    return known.meaning if known else "as `alerting.actions` says" if action.name else "a workflow"


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
        output.say(f"{len(runbooks)} runbooks for {len(rules)} alerts: all is there.")
    return 1 if found else 0
