"""`digest`: what became of the repository in a week, to be read in seconds."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings

if TYPE_CHECKING:
    from edgetpu_ci.config import Config
    from edgetpu_ci.weekly import Made
    from edgetpu_ci.world import World


def options(command: argparse.ArgumentParser) -> None:
    """The options of `digest`."""
    surroundings.config_option(command)
    command.add_argument(
        "--week", metavar="WEEK", default="", help="a week of ISO 8601 in UTC, such as 2026-W47; default: yesterday's"
    )
    command.add_argument("--channel", metavar="CHANNEL", default="", help="the Slack channel, by its ID or #name")
    command.add_argument("--markdown", metavar="FILE", type=Path, help="write it as Markdown")
    command.add_argument("--html", metavar="FILE", type=Path, help="write it as one HTML page")
    command.add_argument("--json", action="store_true", help="print what it says as JSON, and nothing else")
    command.add_argument("--dry-run", action="store_true", help="print it, and say it nowhere else")


def run(arguments: argparse.Namespace) -> int:
    """Make it, write it where that is asked for, and say it."""
    settings = surroundings.settings_if_any(arguments)
    return surroundings.traced(settings, "digest", lambda world: _made(settings, arguments, world))


def _made(settings: "Config", arguments: argparse.Namespace, world: "World") -> int:
    from edgetpu_ci import weekly
    from edgetpu_ci.digest import week

    chosen = week.parse(arguments.week) if arguments.week else week.lately(world.now())
    slack = None if arguments.dry_run else weekly.slack_options(settings, arguments.channel, world)
    made = weekly.make(settings, chosen, world)
    _write(arguments, made)
    if arguments.json:
        _print_json(made)
    if not arguments.dry_run:
        _summarize(made, world)
    if slack:
        output.warn(f"digest  {chosen.name}, {weekly.tell(made, slack, world)} in Slack")
    elif not arguments.json:
        _print(made)
    return 0


def _write(arguments: argparse.Namespace, made: "Made") -> None:
    from edgetpu_ci.files import write_whole
    from edgetpu_ci.render.digest import html, markdown

    for path, text in ((arguments.markdown, markdown.text), (arguments.html, html.page)):
        if path:
            write_whole(path, f"{text(made.digest).rstrip()}\n".encode())


def _print_json(made: "Made") -> None:
    from edgetpu_ci import codec

    output.write(codec.encode_json(made.digest).decode(), end="")


def _print(made: "Made") -> None:
    from edgetpu_ci.render import words
    from edgetpu_ci.render.digest import markdown

    output.write(words.tame(markdown.text(made.digest)))


def _summarize(made: "Made", world: "World") -> None:
    from edgetpu_ci.publish import job
    from edgetpu_ci.render.digest import markdown

    job.summarize(lambda _room: markdown.text(made.digest), world)
