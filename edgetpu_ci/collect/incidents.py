"""Incidents that the store knows of: how many, how soon somebody took one on, how late others heard of it."""

from itertools import islice
from typing import Final

from msgspec import Struct

from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True

_MOST: Final = 1000


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has none."""


def collect(options: Options, world: World) -> Collected:
    """Of no store."""
    return collect_remembering(options, Forgetful(), world)


def collect_remembering(options: Options, state: State, world: World) -> Collected:  # noqa: ARG001 - as all collectors
    """The figures; a document that cannot be read is named, and makes the report incomplete."""
    from edgetpu_ci.incidents import book, figures
    from edgetpu_ci.incidents.record import STORED

    faults: list[str] = []
    past = islice(book.past(state, faults.append), _MOST)
    known = {(one.key, one.number): one for one in (*past, *book.unpack(state.state(STORED)).incidents)}
    return Collected(measurements=tuple(figures.measurements(known.values(), world.now())), incomplete=tuple(faults))
