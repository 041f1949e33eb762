"""Reports of security scanners, read from the files that patterns name."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from edgetpu_ci import paths, quality
from edgetpu_ci.errors import DocumentError, InputError
from edgetpu_ci.formats import subjects
from edgetpu_ci.quality import scanned
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.quality.scanned import Scanned
from edgetpu_ci.world import World

_BEGINNING: Final = 1 << 16
_STEP: Final = "run the scanner before edgetpu-ci"


class Scans(Struct, frozen=True, kw_only=True):
    """What the files say, and a sentence for each that could not be read."""

    scans: tuple[Scanned, ...]
    faults: tuple[str, ...]


def names(patterns: Sequence[str], world: World) -> list[str]:
    """The files of some paths and globs, each once; InputError for one without a file."""
    found = (name for pattern in patterns for name in paths.there(pattern, world.cwd, _STEP))
    return list(dict.fromkeys(found))


def read(patterns: Sequence[str], world: World) -> Scans:
    """The scans in some files; a pattern without one, and what is no report of a scanner, is a fault."""
    scans: list[Scanned] = []
    found: list[str] = []
    faults: list[str] = []
    for pattern in patterns:
        try:
            found += names([pattern], world)
        except InputError as error:
            faults.append(str(error))
    for name in dict.fromkeys(found):
        shown = subjects.printable(name)
        try:
            scans += _of(name, shown, world)
        except OSError as error:
            faults.append(f"{shown} cannot be read: {os.strerror(error.errno or 0).lower()}.")
        except (DocumentError, InputError) as error:
            faults.append(str(error))
    return Scans(scans=tuple(scans), faults=tuple(faults))


def _of(name: str, shown: str, world: World) -> list[Scanned]:
    with (world.cwd / name).open("rb") as stream:
        written = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
        form = quality.tell(stream.read(_BEGINNING), shown)
        stream.seek(0)
        records = quality.read(stream, shown, form)
    found = [Scanned(shown, scanned.below(str(world.cwd), one), written) for one in records if isinstance(one, Scan)]
    if not found:
        raise DocumentError(f"{shown} is the report of no security scanner, but {form}.")
    return found
