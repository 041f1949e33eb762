"""`import`: the history that another tool kept, into the store of this one."""

import os
from pathlib import Path

from msgspec import Struct

from edgetpu_ci import __version__, codec, config, history, store
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import data_js
from edgetpu_ci.model import Report
from edgetpu_ci.world import World


class Imported(Struct, frozen=True, kw_only=True):
    """How many runs were added, how many the store had already, the devices they are kept under, and what is none."""

    added: int
    known: int
    devices: tuple[str, ...]
    passed_over: tuple[str, ...]


def data(settings: config.Config, path: Path, world: World) -> Imported:
    """Add each entry of a data.js to the store, unless it is there. DocumentError when the file is no data.js."""
    found = data_js.read(_bytes(path), str(path))
    if not found.runs and not found.passed_over:
        raise DocumentError(f"{path} has no entries; name the data.js that github-action-benchmark keeps.")
    keeper = store.open_store(settings.store, world)
    kept = set(keeper.names(history.REPORTS))
    new = [run for run in sorted(found.runs, key=lambda run: run.id) if run.id not in kept]
    reports = ((run.id, codec.encode_json(Report(version=__version__, run=run))) for run in new)
    keeper.extend(history.REPORTS, reports)
    return Imported(
        added=len(new),
        known=len(found.runs) - len(new),
        devices=tuple(dict.fromkeys(run.machine.key for run in found.runs)),
        passed_over=found.passed_over,
    )


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(data_js.MOST_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
