"""Results of other benchmark tools, read from the files they write; docs/results.md lists the formats."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec, formats, paths, stats
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.formats import subjects
from edgetpu_ci.formats.measured import slots
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

MOST_RESULTS = 5000


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`files`: paths and globs; several files of one benchmark are its repetitions. `format`: told from the content."""

    files: tuple[str, ...]
    format: formats.Name | None = None


def collect(options: Options, world: World) -> Collected:
    """What the files say of each benchmark; ConfigError for a pattern without a file."""
    read = [_read(name, options.format, world.cwd) for name in _names(options, world)]
    found = [_together(of_one) for of_one in _by_key(m for of_file in read for m in of_file)]
    if len(found) > MOST_RESULTS:
        raise DocumentError(f"{len(found):,} results are more than {MOST_RESULTS:,}; read fewer files in one run.")
    return Collected(measurements=tuple(found))


def check(options: Options, world: World) -> None:
    """ConfigError for a pattern without a file."""
    _names(options, world)


def _names(options: Options, world: World) -> list[str]:
    if not options.files:
        raise ConfigError('No result file is named; list some under "files:", for example "results/*.json".')
    names = (str(PurePath(name)) for pattern in options.files for name in _matches(pattern, world.cwd))
    return list(dict.fromkeys(names))


def _matches(pattern: str, folder: Path) -> list[str]:
    if not (files := paths.matching(pattern, folder)):
        raise ConfigError(f'No result file matches "{pattern}" in {folder}; run the benchmark before edgetpu-ci.')
    return files


def _read(name: str, form: formats.Name | None, folder: Path) -> list[Measurement]:
    shown = subjects.printable(name)
    try:
        with (folder / name).open("rb") as file:
            data = file.read(codec.MAX_JSON_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    if len(data) > codec.MAX_JSON_BYTES:
        raise DocumentError(f"{shown} has more than {codec.MAX_JSON_BYTES:,} bytes; write less into one file.")
    return subjects.distinct(formats.read(data, shown, form), shown)


def _by_key(measurements: Iterable[Measurement]) -> list[list[Measurement]]:
    found: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault(measurement.key, []).append(measurement)
    return list(found.values())


def _together(same: Sequence[Measurement]) -> Measurement:
    """One benchmark in several files: each file a slot, as each is another process; a failure stays one."""
    broken = next((measurement for measurement in same if measurement.value is None), None)
    if broken or len(same) == 1:
        return broken or same[0]
    values = [measurement.value for measurement in same if measurement.value is not None]
    return replace(
        same[0],
        value=median(values),
        slots=slots(values),
        n=sum(m.n for m in same),
        interval=stats.percentile_interval(sorted(values), 0.5),
    )
