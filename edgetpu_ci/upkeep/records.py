"""What GitHub and the checkout record of scans and incidents."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import paths
from edgetpu_ci.errors import MissingError
from edgetpu_ci.memory import State
from edgetpu_ci.supply import alerts
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.upkeep import asking
from edgetpu_ci.world import World

YEAR: Final = timedelta(days=365)

_MOST_BYTES: Final = 1 << 20
_MOST_DOCUMENTS: Final = 1000
"""How targets begin that are issues of GitHub."""

When = Annotated[datetime, Meta(tz=True)]


class _Linked(Struct, frozen=True):
    url: str = ""


class _Issue(Struct, frozen=True):
    number: int
    closed_at: When | None = None
    body: str | None = None
    pull_request: _Linked | None = None


class Closed(Struct, frozen=True):
    """An incident that is over, as its issue is called (#17) or itself (f329e9e0-7), and whether that describes it."""

    name: str
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
    from edgetpu_ci.incidents import postmortem

    path = f"/repos/{github.repository}/issues"
    since = f"{now - YEAR:%Y-%m-%dT%H:%M:%SZ}"
    found = asking.listed(github, path, _Issue, "issues: read", labels=label, state="closed", since=since)
    return [
        Closed(f"#{one.number}", postmortem.is_written(one.body or ""))
        for one in found
        if one.pull_request is None and one.closed_at and timedelta(days=days) < now - one.closed_at < YEAR
    ]


def unissued(state: State, days: int, now: datetime, world: World) -> list[Closed]:
    """The critical incidents of the store of that time that no issue is of; what cannot be read is said."""
    from edgetpu_ci.incidents import book, by_hand

    past = islice(book.past(state, lambda fault: world.warn(f"Passed over: {fault}")), _MOST_DOCUMENTS)
    return [
        Closed(by_hand.short(one))
        for one in past
        if one.severity == "critical" and not one.issues
        if one.resolved_at and timedelta(days=days) < now - one.resolved_at < YEAR
    ]


def undescribed(incidents: Iterable[Closed], pattern: str, world: World) -> list[str]:
    """Which have no post-mortem, nor a file that a pattern means and that names them; an issue also by its address."""
    texts = [_text(world, name) for name in paths.matching(pattern, world.cwd)]
    named = {found for text in texts for found in re.findall(r"#\d{1,9}\b|\b[0-9a-f]{8}-\d{1,9}\b", text)}
    named |= {f"#{number}" for text in texts for number in re.findall(r"/issues/(\d{1,9})\b", text)}
    return [one.name for one in incidents if not one.is_described and one.name not in named]


def _text(world: World, name: str) -> str:
    with (world.cwd / name).open("rb") as file:
        return file.read(_MOST_BYTES).decode(errors="replace")
