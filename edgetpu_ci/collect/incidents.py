"""Incidents that the store knows of: how many, how soon somebody took one on, how late others heard of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci import codec, memory
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from edgetpu_ci.incidents.record import Book, Incident

OF_REPOSITORY: Final = True

_MOST: Final = 1000


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has none."""


def collect(options: Options, world: World) -> Collected:
    """Of no store."""
    return collect_remembering(options, Forgetful(), world)


def collect_remembering(options: Options, state: State, world: World) -> Collected:  # noqa: ARG001 - as all collectors
    """The figures; a document that cannot be read is named, and makes the report incomplete."""
    from edgetpu_ci.incidents import figures

    faults: list[str] = []
    known = {(one.key, one.number): one for one in (*_past(state, faults), *_book(state).incidents)}
    return Collected(measurements=tuple(figures.measurements(known.values(), world.now())), incomplete=tuple(faults))


def _book(state: State) -> "Book":
    from edgetpu_ci.incidents.record import STORED, Book

    data = state.state(STORED)
    return memory.unpack(data, Book, STORED) if data else Book()


def _past(state: State, faults: list[str]) -> Iterator["Incident"]:
    from edgetpu_ci.incidents.record import STORED, Incident

    for name in state.names(STORED)[-_MOST:]:
        try:
            yield codec.decode_json(state.read(STORED, name), Incident, f"incident {name} in the store")
        except DocumentError as error:
            faults.append(str(error))
