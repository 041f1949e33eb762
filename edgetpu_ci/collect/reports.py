"""Figures of code quality, read from the reports other tools write; docs/reports.md lists the tools."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from edgetpu_ci import paths, quality
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.formats import subjects
from edgetpu_ci.model import Collected
from edgetpu_ci.quality import covered, figures, linted, scanned
from edgetpu_ci.quality.figures import Report
from edgetpu_ci.quality.records import Coverage, Record, Scan
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True

_BEGINNING: Final = 1 << 16


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
    """What the reports say of the repository; ConfigError for a pattern without a file."""
    found = read(options, world)
    measurements = figures.of(found, _size(options, world), world.now())
    return Collected(measurements=measurements, incomplete=tuple(report.fault for report in found if report.fault))


def read(options: Options, world: World) -> list[Report]:
    """Each report once, with what it says or its fault; ConfigError for a pattern without a file."""
    return [_read(file, world) for file in _files(options, world)]


def check(options: Options, world: World) -> None:
    """ConfigError for a pattern without a file."""
    _files(options, world)
    for pattern in options.sources:
        _matches(pattern, world)


def _files(options: Options, world: World) -> list[File]:
    """Each file once, under the format that was named for it."""
    if not options.files:
        raise ConfigError('No report is named; list some under "files:", for example "coverage.json".')
    found: dict[str, File] = {}
    for file in options.files:
        pattern, form = (file, None) if isinstance(file, str) else (file.path, file.format)
        for name in _matches(pattern, world):
            path = str(PurePath(name))
            found[path] = File(path=path, format=form or (found[path].format if path in found else None))
    return list(found.values())


def _matches(pattern: str, world: World) -> list[str]:
    if not (files := paths.matching(pattern, world.cwd)):
        raise ConfigError(f'No file matches "{pattern}" in {world.cwd}; run the tool that writes it before edgetpu-ci.')
    return files


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
    except (OSError, DocumentError) as error:
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


def _size(options: Options, world: World) -> linted.Size | None:
    """Lines of the code that are not blank; None where no code is named."""
    names = dict.fromkeys(name for pattern in options.sources for name in _matches(pattern, world))
    if not names:
        return None
    lines = 0
    for name in names:
        try:
            with (world.cwd / name).open("rb") as code:
                lines += sum(bool(line.strip()) for line in code)
        except OSError as error:
            raise ConfigError(f"{subjects.printable(name)} cannot be read: {_reason(error)}.") from error
    return linted.Size(lines, "lines of `sources` that are not blank")
