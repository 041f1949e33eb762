"""`judge`, `publish`, `show`: the commands that take a saved report."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError

if TYPE_CHECKING:
    from edgetpu_ci.app import Outcome
    from edgetpu_ci.config import Config


def tell(outcome: "Outcome") -> None:
    """Print the table of a report."""
    import shutil

    from edgetpu_ci.render import table

    width = shutil.get_terminal_size((100, 24)).columns
    output.write(table.text(outcome.report, width, colour=output.is_watched(sys.stdout)))


def judge_options(command: argparse.ArgumentParser) -> None:
    """The options of `judge`."""
    surroundings.config_option(command)
    command.add_argument("reports", metavar="REPORT", nargs="+", type=Path)


def judge(arguments: argparse.Namespace) -> int:
    """Judge saved reports by the rules and baselines of today."""
    from edgetpu_ci import app

    statuses = []
    for path in arguments.reports:
        outcome = app.judge_again(surroundings.settings_if_any(arguments), path, surroundings.world())
        output.say(f"{path}")
        tell(outcome)
        statuses.append(outcome.exit_status)
    return next((status for status in (1, 5, 3) if status in statuses), 0)


def publish_options(command: argparse.ArgumentParser) -> None:
    """The options of `publish`."""
    surroundings.config_option(command)
    command.add_argument("report", metavar="REPORT", nargs="?", type=Path)
    command.add_argument(
        "--from-workflow-run",
        action="store_true",
        help="take the report from the artifact of the workflow run that started this job",
    )


def publish(arguments: argparse.Namespace) -> int:
    """Say a saved report where the configuration names."""
    from edgetpu_ci import app

    if bool(arguments.report) == arguments.from_workflow_run:
        raise ConfigError("`publish` needs either a REPORT or --from-workflow-run.")
    world = surroundings.world()
    report = app.foreign_report(world) if arguments.from_workflow_run else app.read_report(arguments.report)
    app.publish_report(_publish_settings(arguments), report, world)
    return 0


def _publish_settings(arguments: argparse.Namespace) -> "Config":
    """Without a configuration, as in a job that must not check out foreign code: summary and comment."""
    from msgspec.structs import replace

    from edgetpu_ci import config

    if arguments.config or Path(config.FILE).exists():
        return surroundings.settings(arguments)
    steps = (config.Step(use="job"), config.Step(use="pull_request"))
    return replace(surroundings.settings_if_any(arguments), publish=steps)


def show_options(command: argparse.ArgumentParser) -> None:
    """The options of `show`."""
    command.add_argument("report", metavar="REPORT", type=Path)
    command.add_argument("--markdown", action="store_true", help="print the comment instead of the table")
    command.add_argument("--chart", metavar="FILE", type=Path, help="draw the chart into a .png or .svg file")


def show(arguments: argparse.Namespace) -> int:
    """Show a saved report again."""
    from edgetpu_ci import app, report_folder
    from edgetpu_ci.render import markdown

    report = app.read_report(arguments.report)
    if arguments.markdown:
        output.write(markdown.comment(report))
    else:
        tell(app.Outcome(report=report))
    if arguments.chart:
        if not report_folder.draw(arguments.chart, report):
            raise ConfigError('Drawing needs matplotlib; install "edgetpu-ci[chart]".')
        output.say(f"\nchart   {arguments.chart}")
    return 0
