"""`devices`: which Corals are here."""

import argparse

from edgetpu_ci.cli import output, surroundings


def options(command: argparse.ArgumentParser) -> None:
    """The options of `devices`."""
    command.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the devices; that there is none is an answer, and no failure."""
    from edgetpu_ci import devices

    show = output.write if arguments.json else output.say
    show(devices.text(surroundings.world(), as_json=arguments.json))
    return 0
