"""How far each dependency is behind its index, kept under the index's ETag so that what did not change costs little."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import Struct

from edgetpu_ci import memory
from edgetpu_ci.errors import DeliveryError, MissingError
from edgetpu_ci.memory import State
from edgetpu_ci.supply import releases
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.supply.package_index import Index, Project

_KEPT: Final = "dependencies-index"


class Standing(Struct, frozen=True, kw_only=True):
    """A package on its index, for one who has `current` of it and one Python.

    `latest` is the highest version that is no preview, was not yanked and suits that Python, `latest_at` and
    `current_at` when they were uploaded, `newest_at` when any version was last.
    """

    name: str
    current: str
    python: str
    etag: str = ""
    latest: str = ""
    current_at: datetime | None = None
    latest_at: datetime | None = None
    newest_at: datetime | None = None
    status: str = "active"

    @property
    def is_outdated(self) -> bool:
        """Whether there is a newer version to raise it to."""
        here, there = releases.version(self.current), releases.version(self.latest)
        return here is not None and there is not None and here < there

    @property
    def is_recent(self) -> bool:
        """Whether it is the latest version, or a patch of the same minor version."""
        here, there = releases.version(self.current), releases.version(self.latest)
        if here is None or there is None:
            return False
        return here >= there or (here.epoch, *here.release[:2]) == (there.epoch, *there.release[:2])


Known = Mapping[tuple[str, str], Standing | DeliveryError]
"""By name and version: how it stands, or why nobody knows."""


def read(wanted: Sequence[Wanted], index: Index, python: str, state: State) -> Known:
    """Each package that has a version, with one request each, four at a time."""
    kept = {(one.name, one.current): one for one in _kept(state)}
    known = [one for one in wanted if one.version]
    asks = [partial(_asked, index, one, kept.get((one.name, one.version)), python) for one in known]
    found = {(one.name, one.version): it for one, it in zip(known, index.gather(asks), strict=True)}
    _keep(state, [one for one in found.values() if isinstance(one, Standing)])
    return found


def _asked(index: Index, wanted: Wanted, kept: Standing | None, python: str) -> Standing | DeliveryError:
    # What is kept was decided for one Python; for another the whole page is needed again.
    usable = kept if kept and kept.python == python else None
    try:
        project = index.changed(wanted.name, usable.etag if usable else "")
    except DeliveryError as error:
        return error
    if project is None and usable:
        return usable
    return of(project, wanted, python) if project else MissingError(f"{wanted.name} is not on the index.")


def of(project: Project, wanted: Wanted, python: str) -> Standing:
    """How a package stands for who has this version of it."""
    current = releases.version(wanted.version)
    latest = releases.newest(releases.suiting(project.releases, python))
    return Standing(
        name=wanted.name,
        current=wanted.version,
        python=python,
        etag=project.etag,
        latest=latest.version if latest else "",
        latest_at=latest.at if latest else None,
        current_at=next((one.at for one in project.releases if releases.version(one.version) == current), None),
        newest_at=max((one.at for one in project.releases if one.at), default=None),
        status=project.status,
    )


def _kept(state: State) -> list[Standing]:
    data = state.state(_KEPT)
    return memory.unpack(data, list[Standing], _KEPT) if data else []


def _keep(state: State, known: Sequence[Standing]) -> None:
    """Only to save requests: where another job was faster, its own is as good."""
    new = memory.pack(sorted((one for one in known if one.etag), key=lambda one: (one.name, one.current)))
    old = state.state(_KEPT)
    if new != old:
        state.swap(_KEPT, old, new)
