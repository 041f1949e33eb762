"""`baseline`: the level of a device that somebody accepted."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.cli.days import day


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `baseline`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    accepting = actions.add_parser("accept", help="take the levels of a report as the baseline of its device")
    surroundings.config_option(accepting)
    accepting.add_argument(
        "report", metavar="REPORT", nargs="?", type=Path, default=Path("edgetpu-ci-report/report.json")
    )
    accepting.add_argument("--by", default="", help="who accepts (default: git's user.name)")
    accepting.add_argument("--reason", default="", help="why")
    accepting.add_argument("--until", metavar="DATE", type=day, help="the last day on which it holds, as 2026-12-31")
    accepting.set_defaults(verb=_accept)
    showing = actions.add_parser("show", help="print the baseline of this machine")
    surroundings.config_option(showing)
    showing.set_defaults(verb=_show)
    suggesting = actions.add_parser("suggest", help="print bands for this machine from its history, to review")
    surroundings.config_option(suggesting)
    suggesting.set_defaults(verb=_suggest)


def _accept(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import accepting, store

    settings, world = surroundings.settings_if_any(arguments), surroundings.world()
    why = accepting.Why(by=arguments.by, reason=arguments.reason, until=arguments.until)
    state = store.open_store(settings.store, world)
    place = accepting.accept(Path(settings.baselines), arguments.report, why, world, state)
    output.say(f"baseline  {place}   # review and commit it")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import accepting

    output.say(accepting.show(Path(surroundings.settings_if_any(arguments).baselines), surroundings.world()))
    return 0


def _suggest(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import accepting

    output.say(accepting.suggest(surroundings.settings_if_any(arguments), surroundings.world()))
    return 0
