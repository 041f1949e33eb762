"""`metrics`: push what is known where nobody scrapes, and bring a store's history into a database."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError

if TYPE_CHECKING:
    from edgetpu_ci.exposition.past import Past
    from edgetpu_ci.exposition.record import Family
    from edgetpu_ci.telemetry.backfill.told import Brought
    from edgetpu_ci.world import World

_WAYS: Final = ("pushgateway", "remote-write", "victoria-metrics", "otlp", "file")
_BACKFILLS: Final = ("victoria-metrics", "openmetrics-file")


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `metrics`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    push = actions.add_parser("push", help="push the newest known value of each series, and read all of it back")
    surroundings.config_option(push)
    push.add_argument("report", metavar="REPORT", nargs="?", type=Path, help="default: all that the store knows")
    push.add_argument("--to", metavar="WAY", required=True, choices=_WAYS, help=", ".join(_WAYS))
    push.add_argument("--url", metavar="URL", default="", help="where to, instead of what the variable of the way says")
    push.add_argument("--query-url", metavar="URL", default="", help="below which /api/v1/query tells what was written")
    push.add_argument("--output", metavar="FILE", type=Path, help="the file that `--to file` writes")
    push.set_defaults(verb=_push)
    backfill = actions.add_parser("backfill", help="bring all values of all reports where they belong in time")
    surroundings.config_option(backfill)
    backfill.add_argument("--to", metavar="WAY", required=True, choices=_BACKFILLS, help=", ".join(_BACKFILLS))
    backfill.add_argument(
        "--url", metavar="URL", default="", help="of VictoriaMetrics, instead of EDGETPU_CI_VICTORIA_METRICS_URL"
    )
    backfill.add_argument("--output", metavar="FILE", type=Path, help="the file that `--to openmetrics-file` writes")
    backfill.set_defaults(verb=_backfill)


def _push(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.telemetry import push
    from edgetpu_ci.telemetry.push.way import Target

    world = surroundings.world()
    target = Target(
        url=arguments.url,
        query_url=arguments.query_url,
        output=arguments.output,
        is_whole=arguments.report is None,
    )
    count, became = push.push(arguments.to, _families(arguments, world), target, world)
    output.say(f"pushed  {count:,} series; {became}")
    return 0


def _families(arguments: argparse.Namespace, world: "World") -> "list[Family]":
    from edgetpu_ci import app, pushing

    settings = surroundings.settings_if_any(arguments)
    if arguments.report is None:
        return pushing.of_store(settings, world)
    return pushing.of_report(app.read_report(arguments.report), arguments.report, settings, world)


def _backfill(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import pushing
    from edgetpu_ci.telemetry.backfill import openmetrics_file

    is_file = arguments.to == "openmetrics-file"
    if is_file and arguments.output is None:
        raise ConfigError("`--to openmetrics-file` needs the name of a file; give --output.")
    world = surroundings.world()
    past = pushing.past(surroundings.settings_if_any(arguments), world)
    told = openmetrics_file.bring(past, arguments.output) if is_file else _brought(past, arguments.url, world)
    output.say(
        f"backfilled  {told.samples:,} values of {told.series:,} series, {told.new:,} of them new, in {told.where}"
    )
    if is_file:
        output.say(f"next        {openmetrics_file.command(arguments.output)}")
    return 0


def _brought(past: "Past", url: str, world: "World") -> "Brought":
    from edgetpu_ci.telemetry import victoria
    from edgetpu_ci.telemetry.backfill import victoria_metrics
    from edgetpu_ci.telemetry.push import place

    return victoria_metrics.bring(past, place.find(victoria.KIND, world.env, url), world)
