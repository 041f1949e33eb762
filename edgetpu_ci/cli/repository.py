"""`init`, `doctor`, `schema`, `inspect`: the commands around a repository and its files."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output, surroundings


def init(_arguments: argparse.Namespace) -> int:
    """Write a first configuration and workflow."""
    from edgetpu_ci import starter

    for path in starter.write(surroundings.world()):
        output.say(f"wrote  {path}")
    output.say("ignore .edgetpu-ci/ and edgetpu-ci-report/ in .gitignore: runs here leave them behind")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Check configuration, runtimes, permissions and token."""
    from edgetpu_ci import doctor

    findings = doctor.examine(arguments.config or Path("edgetpu-ci.yml"), surroundings.world())
    output.say(doctor.text(findings))
    return 2 if any(finding.state == "bad" for finding in findings) else 0


def schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of the configuration."""
    from edgetpu_ci import schema

    output.write(schema.text(), end="")
    return 0


def inspect_options(command: argparse.ArgumentParser) -> None:
    """The options of `inspect`."""
    command.add_argument("model", metavar="MODEL", type=Path)
    command.add_argument("--json", action="store_true", help="print JSON")


def inspect(arguments: argparse.Namespace) -> int:
    """Tell what a model file holds."""
    from edgetpu_ci import inspection

    show = output.write if arguments.json else output.say
    show(inspection.text(arguments.model, as_json=arguments.json))
    return 0
