"""What most commands begin with: the configuration they are given, and the world as it is."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output
from edgetpu_ci.cli.observing import PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgetpu_ci.config import Config
    from edgetpu_ci.world import World


def config_option(command: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    command.add_argument("--config", metavar="FILE", type=Path, help="the configuration (default: edgetpu-ci.yml)")


def output_option(command: argparse.ArgumentParser, what: str) -> None:
    """Add `--output`: a folder, by default the one of a run."""
    command.add_argument(
        "--output", metavar="FOLDER", type=Path, default=Path("edgetpu-ci-report"), help=f"{what}; default: %(default)s"
    )


def no_options(_command: argparse.ArgumentParser) -> None:
    """A command without options."""


def settings(arguments: argparse.Namespace) -> "Config":
    """The configuration named, or the one that is here."""
    from edgetpu_ci import config

    loaded, here = config.load(arguments.config or Path(config.FILE)), world()
    for doubt in config.doubts(loaded, here.now()):
        output.warn(f"edgetpu-ci: {doubt}")
    PROCESS.begin(loaded, here)
    return loaded


def settings_if_any(arguments: argparse.Namespace) -> "Config":
    """For verbs that work without a configuration: the default one, unless a file is named or there."""
    from edgetpu_ci import config, embedded

    return settings(arguments) if arguments.config or Path(config.FILE).exists() else embedded.settings(())


def world() -> "World":
    """The real one, printing by our rules."""
    from dataclasses import replace

    from edgetpu_ci.render import progress
    from edgetpu_ci.world import real_world

    show = progress.bar if output.is_watched(sys.stderr) else progress.lines
    return replace(
        real_world(),
        out=output.write,
        warn=output.warn,
        progress=show(lambda text: output.write(text, sys.stderr, end="")),
        observed=PROCESS.observed,
    )


def traced(settings: "Config", verb: str, act: "Callable[[World], int]") -> int:
    """What a command returns, traced where the configuration says so."""
    here, traces = world(), settings.observability.traces
    if traces is None:
        return act(here)
    from edgetpu_ci.publish.notice import notify
    from edgetpu_ci.telemetry import tracing

    return tracing.traced(verb, traces, here, act, lambda sentence: notify("notice", sentence, here), PROCESS.later)
