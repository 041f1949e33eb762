"""`detect`: what we know of statistics, for anybody's numbers."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from edgetpu_ci.cli import output
from edgetpu_ci.errors import DocumentError


def detect_options(command: argparse.ArgumentParser) -> None:
    """The options of `detect`."""
    command.add_argument("series", metavar="SERIES.jsonl", help="one series a line; - is standard input")
    command.add_argument(
        "--online", action="store_true", help="see one point after the other, and tell when it was said"
    )
    command.add_argument("--json", action="store_true", help="print one JSON record a line")


def detect(arguments: argparse.Namespace) -> int:
    """Find the changes of series."""
    from edgetpu_ci import detection

    show = output.write if arguments.json else output.say
    with _lines(arguments.series) as (lines, source):
        for answer in detection.answers(lines, source, online=arguments.online, as_json=arguments.json):
            show(answer)
    return 0


@contextmanager
def _lines(path: str) -> Iterator[tuple[IO[bytes], str]]:
    """The open file and what it is called."""
    if path == "-":
        yield sys.stdin.buffer, "standard input"
        return
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path would lose the "-"
            yield file, path
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
