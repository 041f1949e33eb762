"""`checklist`: what only hardware can show, tried here and written down to be sent."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output, surroundings


def options(command: argparse.ArgumentParser) -> None:
    """The options of `checklist`."""
    command.add_argument("model", metavar="MODEL", nargs="?", type=Path, help="a model compiled for the Edge TPU")
    command.add_argument("--device", metavar="DEVICE", default="", help="usb, usb:0, pci, … (default: the first)")
    command.add_argument(
        "--output", metavar="FOLDER", type=Path, default=Path("edgetpu-ci-checklist"), help="default: %(default)s"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the checks that can be run here; 1 when one failed."""
    from edgetpu_ci import checklist

    document = checklist.run(arguments.model, arguments.device, arguments.output, surroundings.world())
    output.say(checklist.text(document))
    output.say(f"\nresult  {arguments.output / checklist.NAME}   # to send: {document.note}")
    return int(document.failed)
