"""A site over a store that holds something of everything: reports, incidents, key figures."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import codec, config, history, memory
from edgetpu_ci.incidents.record import STORED, Book, Incident
from edgetpu_ci.model import Machine, Report
from edgetpu_ci.serve import site
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import World
from tests.fakes import world
from tests.fakes.world import AT

NOW = AT + timedelta(hours=5)


def keep(folder: Path, report: Report, *, age: timedelta = timedelta(0), machine: Machine | None = None) -> Report:
    """Put a report into the store below a folder, as one of main."""
    at = AT - age
    run = report.run
    name = f"{at:%Y%m%dT%H%M%SZ}-{len(run.measurements):08x}"
    main = replace(run, id=name, at=at, branch="main", pull_request=None, machine=machine or run.machine)
    kept = replace(report, run=main)
    Folder(folder / ".edgetpu-ci").append(history.kind(main.machine.key), name, codec.encode_json(kept))
    return kept


def keep_incidents(folder: Path, incidents: Iterable[Incident]) -> None:
    """Put a book with open incidents there."""
    book = Book(incidents=tuple(incidents), opened=1)
    Folder(folder / ".edgetpu-ci").swap(STORED, None, memory.pack(book))


def of(folder: Path, settings: str = "{}", **parts: object) -> site.Site:
    """A site over that store, with the configuration written, five hours after the newest report."""
    read = codec.decode_yaml(settings.encode(), config.Config, "edgetpu-ci.yml")
    return site.of(read, outside(folder, **parts))


def outside(folder: Path, **parts: object) -> World:
    """Five hours after the newest report, in a repository that is known."""
    return world.world(folder, **{"now": lambda: NOW, "env": {"GITHUB_REPOSITORY": "octo/models"}, **parts})
