"""How packages stand on their index: downloads, age of the newest version, and whether it can be fetched."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from edgetpu_ci import git, memory
from edgetpu_ci.errors import ConfigError, DeliveryError, InputError
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.supply import downloads, findings, published, releases, web
from edgetpu_ci.supply.package_index import Index
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`packages`: their names. `index`: a simple index to read in place of the public one, such as a mirror.

    `statistics`: the address of the service that counts downloads, empty to ask none.
    """

    packages: tuple[str, ...]
    index: str = ""
    statistics: str = downloads.SERVICE


def check(options: Options, world: World) -> None:
    """ConfigError for names and addresses that are none, or where what reads the index is not installed."""
    if not options.packages:
        raise ConfigError("No package is named; list some under `packages`.")
    for name in options.packages:
        if not findings.is_name(name):
            raise ConfigError(f'`packages` has "{name}", which is no name of a package.')
    if options.statistics and not web.host(options.statistics):
        raise ConfigError(f'`statistics` is "{options.statistics}"; give an address with https://.')
    Index(options.index, world)


def collect(options: Options, world: World) -> Collected:
    """Without a memory there is no past longer than the service has."""
    return collect_remembering(options, memory.Forgetful(), world)


def collect_remembering(options: Options, state: memory.State, world: World) -> Collected:
    """Each package, with the downloads that are kept of it."""
    try:
        check(options, world)
        index: Index | str = Index(options.index, world)
    except InputError as error:
        index = str(error)
    tags = _tags(world)
    found: list[Measurement] = []
    for name in dict.fromkeys(map(findings.normal, options.packages)):
        found += _published(index, name, tags if len(options.packages) == 1 else [], world)
        if options.statistics:
            history = downloads.read(name, options.statistics, state, world)
            found += downloads.measurements(name, history, world.now())
    return Collected(measurements=tuple(found), incomplete=(index,) if isinstance(index, str) else ())


def _published(index: Index | str, name: str, tags: list[str], world: World) -> Iterator[Measurement]:
    if isinstance(index, str):
        yield from published.unknown(name, index)
        return
    try:
        project = index.project(name)
    except DeliveryError as error:
        yield from published.unread(name, str(error).rstrip("."))
        return
    newest = releases.newest(project.releases)
    faults = list(index.faults(newest)) if newest else ["there is no version to install"]
    yield published.available(name, faults, (("version", newest.version),) if newest else ())
    yield from published.measurements(project, tags, world.now())


def _tags(world: World) -> list[str]:
    ran = git.attempt(world, world.cwd, "tag", "--list")
    return ran.stdout.decode(errors="replace").split() if ran.status == 0 else []
