"""`import`: the command that takes over another tool's history."""

import argparse
from itertools import islice
from pathlib import Path

from edgetpu_ci.cli import output, surroundings

_NAMED = 10


def options(command: argparse.ArgumentParser) -> None:
    """The options of `import`."""
    surroundings.config_option(command)
    command.add_argument("file", metavar="DATA.js", type=Path, help="the data.js of its branch, usually gh-pages")


def run(arguments: argparse.Namespace) -> int:
    """Add the runs of a data.js to the store."""
    from edgetpu_ci import importing

    done = importing.data(surroundings.settings_if_any(arguments), arguments.file, surroundings.world())
    output.say(f"imported     {done.added:,} runs, {done.known:,} more were there already")
    for device in done.devices:
        output.say(f"device       {device}")
    if done.passed_over:
        output.say(f"passed over  {len(done.passed_over):,} entries")
    for reason in islice(done.passed_over, _NAMED):
        output.say(f"  {reason}")
    if len(done.passed_over) > _NAMED:
        output.say(f"  … and {len(done.passed_over) - _NAMED:,} more")
    return 0
