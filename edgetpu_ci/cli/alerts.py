"""`alerts`: look at what is new in the store, and tell whoever is to hear of it."""

import argparse
from typing import TYPE_CHECKING, Any

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import DeliveryError

if TYPE_CHECKING:
    from edgetpu_ci.alerting.evaluating import Told
    from edgetpu_ci.config import Config
    from edgetpu_ci.world import World


def options(command: argparse.ArgumentParser) -> None:
    """The options of `alerts`."""
    surroundings.config_option(command)
    surroundings.output_option(command, "the folder for what actions of runbooks write")
    command.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, take acknowledgements, tell; 4 where somebody could not be told."""
    settings = surroundings.settings(arguments)
    return surroundings.traced(settings, "alerts", lambda world: _caught_up(settings, arguments, world))


def _caught_up(settings: "Config", arguments: argparse.Namespace, world: "World") -> int:
    from edgetpu_ci import codec
    from edgetpu_ci.alerting import responding
    from edgetpu_ci.incidents import by_hand
    from edgetpu_ci.render import incident_text

    told = responding.catch_up(settings, arguments.output, world)
    if arguments.json:
        output.write(codec.encode_json(_plain(told)).decode(), end="")
    else:
        output.say(line(told) or "nothing new")
        for intent in told.waiting:
            output.say(f"waits  {by_hand.short(intent)} {incident_text.waits(intent)}")
    for problem in told.problems:
        output.fail(str(problem))
    return DeliveryError.exit_status if told.problems or any(one.trouble for one in told.waiting) else 0


def line(told: "Told") -> str:
    """What became of incidents, in a line."""
    from edgetpu_ci.render import incident_text

    return incident_text.became(told.opened, told.resolved, told.said, len(told.waiting))


def _plain(told: "Told") -> dict[str, Any]:
    return {
        "opened": [one.name for one in told.opened],
        "resolved": [one.name for one in told.resolved],
        "said": [{"id": one.id, "kind": one.kind, "target": one.target} for one in told.said],
        "waiting": [
            {"id": one.id, "kind": one.kind, "target": one.target, "tries": one.tries, "trouble": one.trouble}
            for one in told.waiting
        ],
        "problems": [str(problem) for problem in told.problems],
    }
