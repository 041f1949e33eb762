"""Reading what is new in a repository: part by part, none of which takes the others down with it."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from msgspec import Struct

from edgetpu_ci.github_rows import catching_up, histories, overview, standing
from edgetpu_ci.github_rows.cursors import Asked
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.overview import ABOUT, DEPLOYMENTS, RELEASES, Overview
from edgetpu_ci.github_rows.standing import PROFILE, RUNNERS, Runners

PARTS: Final = (ABOUT, DEPLOYMENTS, RELEASES)
PRUNED: Final = "pruned"

SETTLED: Final = timedelta(days=7)
"""A deployment that began so long ago has ended."""


class Now(Struct, frozen=True):
    """What is true at the moment: of the repository, its community profile in percent, its own runners."""

    about: Overview | None = None
    profile: float | None = None
    runners: Runners | None = None


def read(desk: Desk, environment: str) -> Now:
    """Read all there is to read since the last time; whatever happens, what was read is stored.

    `environment` is where production runs.
    """
    try:
        about = _overview(desk, environment)
        desk.branch = (about.branch if about else "") or desk.branch
        histories.read(desk, histories.PULLS)
        histories.read(desk, histories.ISSUES)
        catching_up.read(desk)
        _prune(desk)
        return Now(about, _profile(desk), _runners(desk))
    finally:
        desk.flush()


def _overview(desk: Desk, environment: str) -> Overview | None:
    """The overview, and what was deployed and released since the last time.

    GitHub answers one query with nothing at all where one part is refused: then each is asked for alone.
    """
    whole = _ask(desk, ABOUT, PARTS, environment)
    found = dict.fromkeys(PARTS, whole)
    if desk.refused.pop(ABOUT, ""):
        found = {part: _ask(desk, part, (part,), environment) for part in PARTS}
    for part, first in found.items():
        if first is not None and part != ABOUT:
            read_on = partial(_deliveries, desk, part, first, environment)
            desk.part(part, read_on, partial("not all {} were read".format, part))
    return found[ABOUT]


def _ask(desk: Desk, name: str, parts: Sequence[str], environment: str) -> Overview | None:
    lost = " and ".join(parts) + " were not read"
    return desk.part(name, lambda: overview.ask(desk.github, parts, environment), lambda: lost)


def _deliveries(desk: Desk, part: str, first: Overview, environment: str) -> None:
    asked = desk.cursors.asked.get(part)
    since = max(desk.cut, asked.at - SETTLED) if asked else desk.cut
    if part == DEPLOYMENTS:
        desk.deliveries.add(overview.deployments(desk.github, first, environment, since))
    else:
        desk.deliveries.add(overview.releases(desk.github, first, since))
    desk.answered(part, Asked(desk.now))


def _prune(desk: Desk) -> None:
    """Once a week; what was only just read is young enough."""
    if PRUNED in desk.cursors.asked and desk.is_due(PRUNED):
        desk.prune()
    if desk.is_due(PRUNED):
        desk.answered(PRUNED, Asked(desk.now))


def _profile(desk: Desk) -> float | None:
    """The community profile, asked for once a week."""
    if not desk.is_due(PROFILE):
        return desk.cursors.asked[PROFILE].value
    found = desk.part(
        PROFILE, lambda: float(standing.profile(desk.github)), lambda: "the community profile was not read"
    )
    if found is not None:
        desk.answered(PROFILE, Asked(desk.now, found))
    return found


def _runners(desk: Desk) -> Runners | None:
    return desk.part(RUNNERS, lambda: standing.runners(desk.github), lambda: "the runners were not read")
