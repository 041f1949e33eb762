"""`incidents audit`: fail where nobody was told of what nobody took on."""

import argparse

from edgetpu_ci.cli import output, surroundings


def options(command: argparse.ArgumentParser) -> None:
    """The options of `incidents audit`."""
    command.add_argument(
        "--tolerance", metavar="TIME", default="15 min", help="how late a step may come (default: 15 min)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Say each step of escalation that was missed; 1 where one was."""
    from edgetpu_ci.alerting import auditing
    from edgetpu_ci.config import durations
    from edgetpu_ci.incidents import escalation
    from edgetpu_ci.publish.notice import notify

    tolerance = durations.time(arguments.tolerance, "--tolerance")
    world = surroundings.world()
    missed = auditing.audit(surroundings.settings(arguments), tolerance, world)
    for one in missed:
        notify("error", escalation.sentence(one), world)
    if not missed:
        output.say(f"no step of escalation is missed by more than {durations.words(tolerance)}")
    return int(bool(missed))
