"""`store`: looking after what is kept of earlier runs."""

import argparse

from edgetpu_ci.cli import output, surroundings


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `store`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    folding = actions.add_parser("fold", help="pack the documents of past months; one job in a month does it for all")
    surroundings.config_option(folding)
    folding.set_defaults(verb=_fold)


def _fold(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    count = app.fold(surroundings.settings(arguments), surroundings.world())
    output.say(f"folded  {count:,} documents" if count else "nothing to fold: no documents of past months lie unpacked")
    return 0
