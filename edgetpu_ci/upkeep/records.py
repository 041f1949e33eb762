"""What GitHub and the checkout record of scans and incidents."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import paths
from edgetpu_ci.errors import MissingError
from edgetpu_ci.supply import alerts
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.upkeep import asking
from edgetpu_ci.world import World

YEAR: Final = timedelta(days=365)

_MOST_BYTES: Final = 1 << 20

When = Annotated[datetime, Meta(tz=True)]


class _Linked(Struct, frozen=True):
    url: str = ""


class _Issue(Struct, frozen=True):
    number: int
    closed_at: When | None = None
    pull_request: _Linked | None = None


def analysis(github: GitHub) -> datetime | None:
    """When the newest code-scanning analysis came; None when there is none."""
    try:
        return alerts.analysed(github)
    except MissingError:
        return None


def scan(github: GitHub, workflow: str) -> datetime | None:
    """When the newest run of a workflow that succeeded ended; None when there is none."""
    try:
        return alerts.scanned(github, workflow)
    except MissingError:
        return None


def incidents(github: GitHub, label: str, days: int, now: datetime) -> list[int]:
    """Numbers of the issues with a label that were closed in the last year, but more than some days ago."""
    path = f"/repos/{github.repository}/issues"
    since = f"{now - YEAR:%Y-%m-%dT%H:%M:%SZ}"
    found = asking.listed(github, path, _Issue, "issues: read", labels=label, state="closed", since=since)
    return [
        one.number
        for one in found
        if one.pull_request is None and one.closed_at and timedelta(days=days) < now - one.closed_at < YEAR
    ]


def undescribed(numbers: Iterable[int], pattern: str, world: World) -> list[int]:
    """Which of these issues no file names that a pattern means, as #17 or by the issue's address."""
    texts = [_text(world, name) for name in paths.matching(pattern, world.cwd)]
    named = {int(number) for text in texts for number in re.findall(r"(?:#|/issues/)(\d{1,9})\b", text)}
    return [number for number in numbers if number not in named]


def _text(world: World, name: str) -> str:
    with (world.cwd / name).open("rb") as file:
        return file.read(_MOST_BYTES).decode(errors="replace")
