"""Key figures of the repository from GitHub: pull requests, issues, workflow runs, deployments and commits."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final

from msgspec import Meta, structs

from edgetpu_ci import event, memory
from edgetpu_ci.errors import ConfigError, DeliveryError, EdgeTpuCiError, InputError
from edgetpu_ci.github_rows import gathered, overview, permissions, reading
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.reading import Now
from edgetpu_ci.github_rows.standing import PROFILE, RUNNERS
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis import health, summary
from edgetpu_ci.kpis import options as definitions
from edgetpu_ci.kpis.rows import Rows
from edgetpu_ci.model import REPOSITORY, Collected, Measurement
from edgetpu_ci.supply import findings, releases
from edgetpu_ci.supply.package_index import Index
from edgetpu_ci.transport import github
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True


class Options(definitions.Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As of the key figures; `bots`: accounts of programs that GitHub takes for people's.

    `production`: the environment deployments to which count. `ignore_workflows`: globs of the file names of workflows
    whose runs do not count. `retention_days`: for how long rows are kept in the store. `package`: the name under which
    this is published, whose versions are what `deployments` calls "version"; `index`: a simple index in place of the
    public one.
    """

    bots: tuple[str, ...] = ()
    production: str = "production"
    ignore_workflows: tuple[str, ...] = ()
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 400
    package: str = ""
    index: str = ""


def check(options: Options, world: World) -> None:
    """ConfigError for patterns that are none, days for which no rows are kept, and an index that cannot be read."""
    definitions.check(options)
    if options.deployments == "version" and not options.package:
        raise ConfigError("github: `deployments: version` takes versions of a package; name it under `package`.")
    if options.retention_days < 2 * options.days:
        raise ConfigError(
            f"github: figures of {options.days:g} `days` are compared with as many before, and rows are kept for "
            f"{options.retention_days}; raise `retention_days` to {2 * options.days:g} or more, or lower `days`."
        )
    if options.retention_days < options.stale_days:
        kept = f"only {options.retention_days} are kept"
        raise ConfigError(f"github: of {options.stale_days:g} `stale_days` {kept}; raise `retention_days`.")
    if options.package:
        if not findings.is_name(options.package):
            raise ConfigError(f'github: `package` is "{options.package}", which is no name of a package.')
        Index(options.index, world)


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
    desk.branch = event.read(world).main
    standing = reading.read(desk, options.production)
    since = now - 2 * timedelta(days=options.days)
    rows = gathered.rows(desk, since, options.ignore_workflows, options.deployments)
    idle = tuple(gathered.idle(desk, since, options.ignore_workflows))
    rows = _with_versions(rows, options, world)
    commits = gathered.of_branch(desk.branch, since, bots, world)
    if isinstance(commits, str):
        rows = structs.replace(rows, missing={**rows.missing, "commits": commits})
    else:
        rows = structs.replace(rows, commits=commits)
    measured = (*key_figures.of(rows, options, now), _community(desk, standing), *_runners(desk, standing))
    notes = (*desk.mended, *(f"No run is of {glob}, which `ignore_workflows` names." for glob in idle))
    return Collected(measurements=measured, incomplete=_incomplete(desk), notes=notes)


def _with_versions(rows: Rows, options: Options, world: World) -> Rows:
    """The rows with the versions of the package. Where those would count and are not known, no deployment is."""
    if not options.package:
        return rows
    try:
        project = Index(options.index, world).project(findings.normal(options.package))
    except (DeliveryError, InputError) as error:
        others = any(one.kind == "deployment" for one in rows.deployments)
        if options.deployments == "version" or (options.deployments == "auto" and not others):
            return structs.replace(rows, missing={**rows.missing, "deployments": str(error).rstrip(".")})
        return rows
    return structs.replace(rows, deployments=(*rows.deployments, *releases.deployments(project.releases)))


def _community(desk: Desk, standing: Now) -> Measurement:
    is_fork = standing.about is not None and standing.about.is_fork
    if standing.profile is None and not is_fork:
        return _unknown(desk, PROFILE, "community_profile_percent")
    return health.community(None if standing.profile is None else int(standing.profile))


def _runners(desk: Desk, standing: Now) -> Iterator[Measurement]:
    if standing.runners is None:
        yield _unknown(desk, RUNNERS, "runners_online_percent")
    else:
        yield from health.runners(standing.runners.online, standing.runners.total)


def _unknown(desk: Desk, part: str, metric: str) -> Measurement:
    reason = desk.refused.get(part) or desk.down or gathered.NOT_TO_THE_END
    return summary.unknown(REPOSITORY, metric, reason.rstrip("."))


def _incomplete(desk: Desk) -> tuple[str, ...]:
    named = {
        overview.ABOUT: "The repository",
        "jobs": "The jobs of workflow runs",
        "details": "When jobs were queued and for which runner",
    }
    without = [
        f"{what} could not be read: {desk.refused[part]}" for part, what in named.items() if part in desk.refused
    ]
    return (*desk.incomplete, *without, *([desk.down] if desk.down else []))
