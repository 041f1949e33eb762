"""`render`: the configuration of Prometheus, Alertmanager and Grafana, written from edgetpu-ci.yml."""

import argparse
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings

if TYPE_CHECKING:
    from edgetpu_ci.config import Config


def options(command: argparse.ArgumentParser) -> None:
    """The options of `render`."""
    surroundings.config_option(command)
    command.add_argument("--check", action="store_true", help="write nothing, and fail when a file is out of date")
    command.add_argument(
        "--flavour",
        choices=("scrape", "push"),
        help="rules for what is scraped, or for what jobs push once; default: that of the configuration",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files, or check them; what is left over is named, and stays."""
    from edgetpu_ci import rendering

    settings, world = _flavoured(surroundings.settings(arguments), arguments.flavour), surroundings.world()
    folder = settings.observability.stack.folder
    for path in () if arguments.check else rendering.write(settings, world):
        output.say(f"wrote      {folder}/{path}")
    faults = rendering.faults(settings, world)
    for how, path in faults:
        output.warn(f"{how:9}  {folder}/{path}")
    if any(how == rendering.LEFT_OVER for how, _ in faults):
        output.warn("Delete what is left over; from a file of your own, take the words that name `edgetpu-ci render`.")
    if any(how != rendering.LEFT_OVER for how, _ in faults):
        output.fail("Run `edgetpu-ci render` and commit what it writes.")
    return int(arguments.check and bool(faults))


def _flavoured(settings: "Config", flavour: str | None) -> "Config":
    from msgspec.structs import replace

    if flavour is None:
        return settings
    observability = settings.observability
    stack = replace(observability.stack, flavour=flavour)
    return replace(settings, observability=replace(observability, stack=stack))
