"""Key figures of the repository from GitHub: pull requests, issues, workflow runs, deployments and commits."""

from datetime import timedelta
from typing import Annotated, Final

from msgspec import Meta, structs

from edgetpu_ci import event, memory
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError
from edgetpu_ci.github_rows import gathered, permissions, reading
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.reading import Now
from edgetpu_ci.github_rows.standing import PROFILE, RUNNERS
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis import health, summary
from edgetpu_ci.kpis import options as definitions
from edgetpu_ci.model import REPOSITORY, Collected, Measurement
from edgetpu_ci.transport import github
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True


class Options(definitions.Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As of the key figures; `bots`: accounts of programs that GitHub takes for people's.

    `production`: the environment deployments to which count. `ignore_workflows`: globs of the file names of workflows
    whose runs do not count. `retention_days`: for how long rows are kept in the store.
    """

    bots: tuple[str, ...] = ()
    production: str = "production"
    ignore_workflows: tuple[str, ...] = ()
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 400


def check(options: Options, world: World) -> None:  # noqa: ARG001 - as all of them
    """ConfigError for patterns that are none, and a window longer than rows are kept."""
    definitions.check(options)
    if options.retention_days < options.days:
        raise ConfigError(
            f"github: of {options.days:g} `days` only {options.retention_days} are kept; raise `retention_days`."
        )


def probe(options: Options, world: World) -> tuple[EdgeTpuCiError, ...]:  # noqa: ARG001 - as all that have it
    """Why some of it may not be read."""
    return permissions.refused(github.connect(world))


def collect(options: Options, world: World) -> Collected:
    """Without a memory everything is read each time."""
    return collect_remembering(options, memory.Forgetful(), world)


def collect_remembering(options: Options, state: memory.State, world: World) -> Collected:
    """Read what is new, keep it, and make the key figures of all that is known."""
    return measure(github.connect(world), options, state, world)


def measure(reader: GitHub, options: Options, state: memory.State, world: World) -> Collected:
    """The same with a reader of GitHub."""
    now = world.now().replace(microsecond=0)
    bots = frozenset(options.bots)
    cut = now - timedelta(days=options.retention_days)
    desk = Desk(reader, state, now=now, cut=cut, bots=bots, progress=world.progress)
    standing = reading.read(desk, options.production)
    branch = (standing.about.branch if standing.about else "") or event.read(world).main
    since = now - 2 * timedelta(days=options.days)
    rows = gathered.rows(desk, branch, since, options.ignore_workflows, options.deployments)
    commits = gathered.of_branch(branch, since, bots, world)
    if isinstance(commits, str):
        rows = structs.replace(rows, missing={**rows.missing, "commits": commits})
    else:
        rows = structs.replace(rows, commits=commits)
    measured = (*key_figures.of(rows, options, now), _community(desk, standing), _runners(desk, standing))
    return Collected(measurements=measured, incomplete=_incomplete(desk))


def _community(desk: Desk, standing: Now) -> Measurement:
    if standing.profile is None and standing.about and not standing.about.is_fork:
        return _unknown(desk, PROFILE, "community_profile_percent")
    return health.community(None if standing.profile is None else int(standing.profile))


def _runners(desk: Desk, standing: Now) -> Measurement:
    if standing.runners is None:
        return _unknown(desk, RUNNERS, "runners_online_percent")
    return health.runners(standing.runners.online, standing.runners.total)


def _unknown(desk: Desk, part: str, metric: str) -> Measurement:
    reason = desk.refused.get(part, "GitHub was not read to the end; the next run goes on")
    return summary.unknown(REPOSITORY, metric, reason.rstrip("."))


def _incomplete(desk: Desk) -> tuple[str, ...]:
    without = [f"The jobs of workflow runs are missing: {desk.refused['jobs']}"] if "jobs" in desk.refused else []
    return (*desk.incomplete, *without)
