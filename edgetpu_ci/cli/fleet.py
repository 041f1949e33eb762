"""`fleet`: what the reports of several devices say together."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output


def options(command: argparse.ArgumentParser) -> None:
    """The options of `fleet`."""
    command.add_argument("reports", metavar="REPORT", nargs="+", type=Path, help="of one commit, one for each device")


def run(arguments: argparse.Namespace) -> int:
    """Say whether the code or a device is to be suspected; it judges nothing."""
    from edgetpu_ci import app, fleet
    from edgetpu_ci.render import fleet as said

    reports = fleet.names([(str(path), app.read_report(path)) for path in arguments.reports])
    output.say(said.text(fleet.views(reports), len(reports)))
    return 0
