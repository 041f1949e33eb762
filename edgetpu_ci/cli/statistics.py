"""`ab` and `detect`: what we know of statistics, for anybody's numbers."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from edgetpu_ci.cli import output
from edgetpu_ci.errors import DocumentError

_ALL = 100


def ab_options(command: argparse.ArgumentParser) -> None:
    """The options of `ab`."""
    command.add_argument("rounds", metavar="ROUNDS.json", help="rounds of base and head; - is standard input")
    command.add_argument(
        "--min-effect", metavar="PERCENT", type=_percent, help="least change that matters (default: 1)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def ab(arguments: argparse.Namespace) -> int:
    """Say of each metric whether head became worse. A finding is no failure: no rule demanded anything."""
    from edgetpu_ci import codec, rounds
    from edgetpu_ci.render import findings
    from edgetpu_ci.stats import paired

    with _opened(arguments.rounds) as (file, source):
        metrics, family = rounds.read(file.read(rounds.MAX_BYTES + 1), source, arguments.min_effect)
    decisions = paired.decide(metrics, family)
    if arguments.json:
        output.write(codec.encode_json({"metrics": decisions}).decode(), end="")
    else:
        output.say(findings.text(decisions))
    return 0


def _percent(text: str) -> float:
    value = float(text)
    if not 0 <= value < _ALL:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to below 100")
    return value


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
    with _opened(arguments.series) as (lines, source):
        for answer in detection.answers(lines, source, online=arguments.online, as_json=arguments.json):
            show(answer)
    return 0


@contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes], str]]:
    """The open file and what it is called."""
    if path == "-":
        yield sys.stdin.buffer, "standard input"
        return
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path would lose the "-"
            yield file, path
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
