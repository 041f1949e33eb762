"""Reading back by Prometheus's query API, which others speak too: the very samples of the moment they were pushed at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry.push import batches, held, sending
from edgetpu_ci.telemetry.push.held import LostError, Series
from edgetpu_ci.telemetry.push.place import Kind, Place
from edgetpu_ci.telemetry.push.write_request import NAME
from edgetpu_ci.world import World

KIND: Final = Kind("Prometheus", "EDGETPU_CI_PROMETHEUS", "http://prometheus:9090")
PATH: Final = "/api/v1/query"

_MOST: Final = 20_000
"""Series in one answer, unless those of one name are more."""

_SECONDS: Final = 30.0
_PAUSE: Final = 2.0


class _Found(Struct, frozen=True, kw_only=True):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(Struct, frozen=True):
    result: list[_Found]


class _Answer(Struct, frozen=True):
    data: _Data


class Reader(Struct, frozen=True, kw_only=True):
    """Who is asked, with which other parameters, and how many seconds after a push to ask the first time."""

    place: Place
    more: Mapping[str, str] = {}
    after: float = 0.0


def check(families: Sequence[Family], milliseconds: int, reader: Reader, world: World) -> None:
    """DeliveryError that names a series which is not there as it was pushed, however long one waits (30 s at most)."""
    until = world.monotonic() + _SECONDS
    world.sleep(reader.after)
    for batch in batches.whole(families, _MOST):
        while not _is_there(batch, milliseconds, reader, world, final=world.monotonic() + _PAUSE >= until):
            world.sleep(_PAUSE)


def _is_there(batch: Sequence[Family], milliseconds: int, reader: Reader, world: World, *, final: bool) -> bool:
    try:
        held.check(held.of(batch), _held(batch, milliseconds, reader, world), reader.place.name)
    except LostError:
        if final:
            raise
        return False
    return True


def _held(batch: Sequence[Family], milliseconds: int, reader: Reader, world: World) -> dict[Series, float]:
    names = held.names(batch)
    # A range, for it tells when each sample is of; of an instant query anything of the last five minutes would do.
    query = f'{{{NAME}=~"{"|".join(names)}"}}[1s]'
    form = {"query": query, "time": f"{milliseconds / 1000:.3f}", **reader.more}
    said = sending.decode(sending.ask(reader.place, PATH, form, world), _Answer, reader.place)
    return dict(_read(said.data.result, names, milliseconds))


def _read(
    found: Iterable[_Found], names: Mapping[str, frozenset[str]], milliseconds: int
) -> Iterator[tuple[Series, float]]:
    for one in found:
        name = one.metric.get(NAME, "")
        for at, value in one.values:
            if round(at * 1000) == milliseconds and name in names:
                yield held.series(name, one.metric, names[name]), float(value)
