"""Reading what is new in a repository: part by part, none of which takes the others down with it."""

from datetime import timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.github_rows import catching_up, histories, overview, standing
from edgetpu_ci.github_rows.cursors import Asked
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.overview import ABOUT, DEPLOYMENTS, RELEASES, Overview
from edgetpu_ci.github_rows.standing import PROFILE, RUNNERS, Runners

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
        histories.read(desk, histories.PULLS)
        histories.read(desk, histories.ISSUES)
        catching_up.read(desk)
        _prune(desk)
        return Now(about, _profile(desk), _runners(desk))
    finally:
        desk.flush()


def _overview(desk: Desk, environment: str) -> Overview | None:
    """The overview, and what was deployed and released since the last time."""
    unshown: list[str] = []
    parts = (ABOUT, DEPLOYMENTS, RELEASES)
    about = desk.part(
        ABOUT,
        lambda: overview.ask(desk.github, parts, environment, unshown.append),
        lambda: "what holds of the repository was not read",
    )
    if about is None:
        return None
    desk.part(
        DEPLOYMENTS, lambda: _deliveries(desk, about, environment), lambda: "not all deployments and releases were read"
    )
    for part in (DEPLOYMENTS, RELEASES):
        if getattr(about, part) is None:
            said = next((sentence for sentence in unshown if part in sentence), f"GitHub shows no {part}")
            desk.refused[part] = f"{said}; the token needs `{overview.NEEDS[part]}`."
    return about


def _deliveries(desk: Desk, about: Overview, environment: str) -> None:
    asked = desk.cursors.asked.get(DEPLOYMENTS)
    since = max(desk.cut, asked.at - SETTLED) if asked else desk.cut
    desk.deliveries.add(overview.deployments(desk.github, about, environment, since))
    desk.deliveries.add(overview.releases(desk.github, about, since))
    desk.answered(DEPLOYMENTS, Asked(desk.now))


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
