"""Dependencies: how far they are behind, which have known weaknesses, and the table of both."""

from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import memory, paths, scan_files
from edgetpu_ci.errors import ConfigError, DeliveryError, EdgeTpuCiError, InputError
from edgetpu_ci.formats import subjects
from edgetpu_ci.model import Collected
from edgetpu_ci.scan_files import Scans
from edgetpu_ci.supply import advisories, dependencies, locks, standing
from edgetpu_ci.supply.locks import Scope, Wanted
from edgetpu_ci.supply.package_index import Index
from edgetpu_ci.transport import github
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True


class File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lock or requirements file whose packages all have one `scope`: runtime or development."""

    path: str
    scope: Scope = ""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`files`: lock and requirements files, or `path` with its `scope`.

    Without any the first of uv.lock, pylock.toml, poetry.lock and requirements.txt is read, else what is installed
    where edgetpu-ci runs. `audit`: reports of pip-audit. `index`: a simple index in place of the public one. `python`:
    the version that must be able to install what counts as latest, by default the one edgetpu-ci runs under.
    `most`: with more packages than these nothing is asked.
    """

    files: tuple[str | File, ...] = ()
    audit: tuple[str, ...] = ()
    index: str = ""
    python: Annotated[str, Meta(pattern=r"^(\d+(\.\d+){1,2})?$")] = ""
    most: Annotated[int, Meta(ge=1, le=5000)] = 1000


def check(options: Options, world: World) -> None:
    """ConfigError for a wrong address and too many packages, InputError for files not there or not understood."""
    Index(options.index, world)
    _wanted(options, world)
    scan_files.names(options.audit, world)


def collect(options: Options, world: World) -> Collected:
    """Without a memory each page of the index is read whole."""
    return collect_remembering(options, memory.Forgetful(), world)


def collect_remembering(options: Options, state: memory.State, world: World) -> Collected:
    """What the index and GitHub's advisories say of the packages, joined with reports of pip-audit."""
    try:
        wanted, sources = _wanted(options, world)
        unread = _unread(options, world)
    except InputError as error:
        return Collected(measurements=tuple(dependencies.unread(str(error))), incomplete=(str(error),))
    audit = scan_files.read(options.audit, world)
    found = _weaknesses(wanted, audit, world)
    basis = dependencies.Basis(
        wanted=wanted,
        standing=_standing(wanted, options, state, world),
        found=found,
        sources=sources,
    )
    return Collected(
        measurements=tuple(dependencies.measurements(basis, world.now())),
        dependencies=dependencies.table(basis),
        incomplete=(*unread, *audit.faults, *_elsewhere(basis)),
    )


def _standing(wanted: tuple[Wanted, ...], options: Options, state: memory.State, world: World) -> standing.Known:
    try:
        return standing.read(wanted, Index(options.index, world), options.python or _python(), state)
    except InputError as error:
        return {(one.name, one.version): DeliveryError(str(error)) for one in wanted if one.version}


def _wanted(options: Options, world: World) -> tuple[tuple[Wanted, ...], str]:
    """The packages, and where they are from in words."""
    files = _files(options, world)
    locked = (
        one for file in files for one in locks.read(world.cwd / file.path, subjects.printable(file.path), file.scope)
    )
    found = locks.distinct(locked) if files else locks.installed()
    if len(found) > options.most:
        raise ConfigError(f"{len(found):,} packages are more than the {options.most:,} of `most`; raise it.")
    named = ", ".join(subjects.printable(file.path) for file in files)
    return found, named or "what is installed where edgetpu-ci runs"


def _unread(options: Options, world: World) -> tuple[str, ...]:
    """What the files have of which no package is known, a sentence each."""
    files = {str(world.cwd / file.path): subjects.printable(file.path) for file in _files(options, world)}
    return tuple(why for path, shown in files.items() if (why := locks.unread(Path(path), shown, files)))


def _files(options: Options, world: World) -> list[File]:
    found: dict[str, File] = {}
    for file in options.files:
        one = File(path=file) if isinstance(file, str) else file
        names = paths.there(one.path, world.cwd, "name a lock or requirements file")
        found |= {name: File(path=name, scope=one.scope) for name in names}
    usual = next((name for name in locks.KNOWN if (world.cwd / name).is_file()), "")
    return list(found.values()) or [File(path=name) for name in [usual] if name]


def _weaknesses(wanted: tuple[Wanted, ...], audit: Scans, world: World) -> dependencies.Weak | str:
    """All that are known, by package; why not, where neither GitHub nor a report of pip-audit tells of all packages."""
    told = [finding for one in audit.scans for finding in one.scan.findings]
    why = _refused(audit)
    try:
        told += advisories.read(github.connect(world), wanted)
    except EdgeTpuCiError as error:
        if not audit.scans or why:
            return why or str(error).rstrip(".")
    return advisories.by_package(told)


def _elsewhere(basis: dependencies.Basis) -> tuple[str, ...]:
    """That a report of pip-audit is of other packages than the files."""
    if others := dependencies.strangers(basis):
        return (f"pip-audit found weaknesses in what is not in {basis.sources}: {', '.join(others)}.",)
    return ()


def _refused(audit: Scans) -> str:
    """Why a report of pip-audit does not speak of all packages."""
    missed = [what for one in audit.scans for what in one.scan.missed]
    return next(iter((*audit.faults, *(f"pip-audit did not look at {what}" for what in missed))), "").rstrip(".")


def probe(options: Options, world: World) -> tuple[EdgeTpuCiError, ...]:
    """Why GitHub's advisories may not be read."""
    wanted, _ = _wanted(options, world)
    try:
        advisories.read(github.connect(world), wanted[:1])
    except DeliveryError as error:
        return (error,)
    return ()


def _python() -> str:
    import platform

    return platform.python_version()
