"""What key figures are made of: the rows of the shelves, what is not known of them, and the commits of this clone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from edgetpu_ci import git
from edgetpu_ci.errors import DocumentError, GitError
from edgetpu_ci.github_rows import holding, overview
from edgetpu_ci.github_rows.catching_up import SWEEP
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.overview import DEPLOYMENTS, RELEASES
from edgetpu_ci.kpis import commits
from edgetpu_ci.kpis.rows import Commit, Deployment, DeploymentKind, Rows, Source, WorkflowRun
from edgetpu_ci.world import World

_LONGEST: Final = timedelta(days=5)
"""A run that was run again at the last moment ends no later than so."""

_BEHIND: Final = timedelta(days=90)
"""What is given to users now may have been committed so long before."""

NOT_TO_THE_END: Final = "GitHub was not read to the end; the next run goes on"

_LISTS: Final[tuple[Source, ...]] = ("pulls", "issues", "runs")
_SOURCES: Final[dict[str, Source]] = {
    "pulls": "pulls",
    "issues": "issues",
    "runs": "runs",
    overview.KIND.name: "deployments",
}
_DELIVERED: Final[dict[str, tuple[str, ...]]] = {
    "auto": (DEPLOYMENTS, RELEASES),
    "deployment": (DEPLOYMENTS,),
    "release": (RELEASES,),
}


def rows(desk: Desk, since: datetime, ignored: tuple[str, ...], kind: DeploymentKind | str) -> Rows:
    """All rows of what ended since a time; `ignored` are globs of workflows that are left out.

    Of deployments those of a `kind` are needed; where they are refused, none is known.
    """
    return Rows(
        branch=desk.branch,
        pulls=tuple(desk.pulls.rows(desk.months(desk.pulls))),
        issues=tuple(desk.issues.rows(desk.months(desk.issues))),
        runs=_runs(desk, since, ignored),
        deployments=_deliveries(desk),
        missing=_missing(desk, kind),
        since=_since(desk),
        erased={_SOURCES[name]: gone for name, gone in desk.cursors.erased.items() if gone.last >= desk.cut},
        open=desk.open,
    )


def _deliveries(desk: Desk) -> tuple[Deployment, ...]:
    """Each once: one that failed and went well in the next month is in both."""
    found = sorted(desk.deliveries.rows(desk.months(desk.deliveries)), key=overview.KIND.at)
    return tuple({overview.KIND.key(one): one for one in found}.values())


def _runs(desk: Desk, since: datetime, ignored: tuple[str, ...]) -> tuple[WorkflowRun, ...]:
    found = desk.runs.rows(desk.months(desk.runs, since - SWEEP - _LONGEST))
    return tuple(run for run in found if not any(fnmatchcase(run.workflow, glob) for glob in ignored))


def idle(desk: Desk, since: datetime, ignored: tuple[str, ...]) -> Iterator[str]:
    """Which of these globs is of no workflow that ran."""
    names = {run.workflow for run in _runs(desk, since, ())} if ignored else set()
    yield from (glob for glob in ignored if not any(fnmatchcase(name, glob) for name in names))


def _missing(desk: Desk, kind: str) -> dict[Source, str]:
    """Why nothing is known of some rows; without a branch nobody knows which of them count."""
    found: dict[Source, str] = {name: desk.refused[name] for name in _LISTS if name in desk.refused}
    for name in _LISTS:
        if name not in found and not getattr(desk.cursors, name) and name in desk.broken:
            found[name] = desk.down or NOT_TO_THE_END
    delivered = _DELIVERED.get(kind, ())
    if refused := [desk.refused[part] for part in delivered if part in desk.refused]:
        found["deployments"] = refused[0]
    elif any(part not in desk.cursors.asked for part in delivered):
        found["deployments"] = desk.down or NOT_TO_THE_END
    if not desk.branch:
        found |= {
            name: found.get(name, desk.down or "GitHub did not tell the default branch") for name in ("pulls", "runs")
        }
    return {name: reason.rstrip(".") for name, reason in found.items()}


def _since(desk: Desk) -> dict[Source, datetime]:
    """From when on rows are whole, where they do not reach back as far as they may be kept."""
    known = {name: holding.since(desk.cursors, name) for name in _LISTS}
    return {name: at for name, at in known.items() if at and at > desk.cut}


def of_branch(branch: str, since: datetime, bots: frozenset[str], world: World) -> tuple[Commit, ...] | str:
    """The commits of a branch since a time, from this clone; else why it cannot tell."""
    try:
        if git.run(world, world.cwd, "rev-parse", "--is-shallow-repository").strip() == b"true":
            return commits.SHALLOW
        tip = _tip(branch, world)
        said = git.run(world, world.cwd, *commits.LOG, f"--since={since - _BEHIND:%Y-%m-%dT%H:%M:%SZ}", tip, "--")
        return commits.parse(said.decode(errors="replace"), bots)
    except (GitError, DocumentError) as error:
        return str(error).rstrip(".")


def _tip(branch: str, world: World) -> str:
    """The branch as it is at the remote, else here; a job has only what it checked out, with no branch at all."""
    for ref in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        if git.attempt(world, world.cwd, "rev-parse", "--verify", "--quiet", ref).status == 0:
            return ref
    if git.attempt(world, world.cwd, "rev-parse", "--verify", "--quiet", "HEAD").status:
        raise GitError("this clone has no commits.")
    return "HEAD"
