"""Figures of code quality, read from the reports other tools write; docs/reports.md lists the tools."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from edgetpu_ci import paths, quality
from edgetpu_ci.errors import ConfigError, DocumentError, InputError
from edgetpu_ci.formats import subjects
from edgetpu_ci.model import Collected
from edgetpu_ci.quality import covered, figures, foreign, linted, scanned
from edgetpu_ci.quality.figures import Report
from edgetpu_ci.quality.records import Coverage, Record, Scan
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True

_BEGINNING: Final = 1 << 16
_STEP: Final = "run the tool that writes it before edgetpu-ci"


class File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path or glob under `path`, all of whose files are of one `format`."""

    path: str
    format: quality.Name | None = None


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`files`: paths and globs of reports, or `path` with its `format` where the content does not tell it.

    `sources`: paths and globs of the code that linters looked at, whose lines are counted where no coverage report
    tells how much code there is.
    """

    files: tuple[str | File, ...]
    sources: tuple[str, ...] = ()


def collect(options: Options, world: World) -> Collected:
    """What the reports say of the repository; of those that are not there, or cannot be read, why."""
    found, size = read(options, world), _size(options, world)
    faults = [report.fault for report in found if report.fault] + ([size] if isinstance(size, str) else [])
    return Collected(measurements=figures.of(found, size, world.now()), incomplete=tuple(faults))


def read(options: Options, world: World) -> list[Report]:
    """Each report once, with what it says or its fault, and each pattern without one."""
    files, missing = _files(options, world)
    return [*(_read(file, world) for file in files), *missing]


def check(options: Options, world: World) -> None:
    """InputError for a pattern without a file, and where what reads XML is not installed."""
    files, missing = _files(options, world)
    for report in missing:
        raise InputError(report.fault)
    for pattern in options.sources:
        paths.there(pattern, world.cwd, _STEP)
    for file in files:
        if file.path.endswith(".xml"):
            foreign.need_defusedxml(subjects.printable(file.path))


def _files(options: Options, world: World) -> tuple[list[File], list[Report]]:
    """Each file once, under the format that was named for it; and the patterns without one."""
    if not options.files:
        raise ConfigError('No report is named; list some under "files:", for example "coverage.json".')
    found: dict[str, File] = {}
    missing: list[Report] = []
    for file in options.files:
        pattern, form = (file, None) if isinstance(file, str) else (file.path, file.format)
        try:
            names = paths.there(pattern, world.cwd, _STEP)
        except InputError as error:
            missing.append(_missing(pattern, form, str(error), world))
            continue
        for path in (str(PurePath(name)) for name in names):
            found[path] = File(path=path, format=form or (found[path].format if path in found else None))
    return list(found.values()), missing


def _missing(pattern: str, form: quality.Name | None, fault: str, world: World) -> Report:
    return Report(source=pattern, format=form or quality.usual(pattern), written=world.now(), fault=fault)


def _read(file: File, world: World) -> Report:
    """A report, with its fault where it has one."""
    shown, form, written = subjects.printable(file.path), file.format, world.now()
    try:
        with (world.cwd / file.path).open("rb") as stream:
            written = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
            form = form or quality.tell(stream.read(_BEGINNING), shown)
            stream.seek(0)
            records = quality.read(stream, shown, form)
            return Report(source=shown, format=form, written=written, records=_from_here(records, world))
    except (OSError, DocumentError, InputError) as error:
        fault = f"{shown} cannot be read: {_reason(error)}." if isinstance(error, OSError) else str(error)
    return Report(source=shown, format=form, written=written, fault=fault)


def _from_here(records: tuple[Record, ...], world: World) -> tuple[Record, ...]:
    return tuple(map(partial(_below, str(world.cwd)), records))


def _below(folder: str, record: Record) -> Record:
    if isinstance(record, Scan):
        return scanned.below(folder, record)
    return covered.below(folder, record) if isinstance(record, Coverage) else record


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()


def _size(options: Options, world: World) -> linted.Size | str | None:
    """Lines of the code that are not blank; None where no code is named, a sentence where it cannot be read."""
    if not options.sources:
        return None
    try:
        names = dict.fromkeys(name for one in options.sources for name in paths.there(one, world.cwd, _STEP))
    except InputError as error:
        return str(error)
    lines = 0
    for name in names:
        try:
            with (world.cwd / name).open("rb") as code:
                lines += sum(bool(line.strip()) for line in code)
        except OSError as error:
            return f"{subjects.printable(name)} cannot be read: {_reason(error)}."
    return linted.Size(lines, "lines of `sources` that are not blank")
