"""What GitHub and the checkout record of scans and incidents."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import paths
from edgetpu_ci.errors import MissingError
from edgetpu_ci.incidents import postmortem
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
    body: str | None = None
    pull_request: _Linked | None = None


class Closed(Struct, frozen=True):
    """An incident's issue that was closed, and whether a post-mortem stands in it."""

    number: int
    is_described: bool = False


def analysis(github: GitHub) -> datetime | None:
    """When the newest code-scanning analysis came; None when there is none."""
    return _if_any(lambda: alerts.analysed(github))


def scan(github: GitHub, workflow: str) -> datetime | None:
    """When the newest run of a workflow that succeeded ended; None when there is none, nor such a workflow."""
    return _if_any(lambda: alerts.scanned(github, workflow))


def _if_any(ask: Callable[[], datetime | None]) -> datetime | None:
    try:
        return ask()
    except MissingError:
        return None


def incidents(github: GitHub, label: str, days: int, now: datetime) -> list[Closed]:
    """The issues with a label that were closed in the last year, but more than some days ago."""
    path = f"/repos/{github.repository}/issues"
    since = f"{now - YEAR:%Y-%m-%dT%H:%M:%SZ}"
    found = asking.listed(github, path, _Issue, "issues: read", labels=label, state="closed", since=since)
    return [
        Closed(one.number, postmortem.is_written(one.body or ""))
        for one in found
        if one.pull_request is None and one.closed_at and timedelta(days=days) < now - one.closed_at < YEAR
    ]


def undescribed(incidents: Iterable[Closed], pattern: str, world: World) -> list[int]:
    """Which have no post-mortem, nor a file that a pattern means and that names them, as #17 or by their address."""
    texts = [_text(world, name) for name in paths.matching(pattern, world.cwd)]
    named = {int(number) for text in texts for number in re.findall(r"(?:#|/issues/)(\d{1,9})\b", text)}
    return [one.number for one in incidents if not one.is_described and one.number not in named]


def _text(world: World, name: str) -> str:
    with (world.cwd / name).open("rb") as file:
        return file.read(_MOST_BYTES).decode(errors="replace")
