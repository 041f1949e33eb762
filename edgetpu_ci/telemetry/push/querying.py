"""Reading back by Prometheus's query API, which others speak too: the very samples that were pushed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry.push import batches, held, sending
from edgetpu_ci.telemetry.push.held import LostError, Series
from edgetpu_ci.telemetry.push.place import Kind, Place
from edgetpu_ci.telemetry.push.write_request import NAME
from edgetpu_ci.world import World

KIND: Final = Kind("Prometheus", "EDGETPU_CI_PROMETHEUS", "http://prometheus:9090", "--query-url")
PATH: Final = "/api/v1/query"

_MOST: Final = 20_000
"""Series in one answer, unless those of one name are more."""

_AT_ONCE: Final = {"latency_offset": "1ms"}
"""VictoriaMetrics shows nothing of the last half minute unless it is told to; others do not know the word."""

_SECONDS: Final = 30.0
_PAUSE: Final = 1.0


class _Found(Struct, frozen=True, kw_only=True):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(Struct, frozen=True):
    result: list[_Found]


class _Answer(Struct, frozen=True):
    data: _Data


def check(families: Sequence[Family], milliseconds: int, place: Place, world: World) -> None:
    """DeliveryError that names a series which is not there as it was pushed, however long one waits (30 s at most)."""
    until = world.monotonic() + _SECONDS
    for batch in batches.whole(families, _MOST):
        _await(held.of(batch), until, milliseconds, place, world)


def _await(pushed: Mapping[Series, float], until: float, milliseconds: int, place: Place, world: World) -> None:
    names = held.names(pushed)
    while True:
        found = _held(names, milliseconds, place, world)
        try:
            held.check(pushed, found, place.name)
        except LostError:
            if world.monotonic() + _PAUSE >= until:
                raise
        else:
            return
        world.sleep(_PAUSE)


def _held(names: Mapping[str, frozenset[str]], milliseconds: int, place: Place, world: World) -> dict[Series, float]:
    # VictoriaMetrics remembers for ten seconds what matched nothing, so that none asks for quite what another did.
    # A range, for it tells when each sample is of: of an instant query anything of the last five minutes would do.
    query = f'{{{NAME}=~"{"|".join(names)}",asked!="{world.token()}"}}[1s]'
    form = {"query": query, "time": f"{milliseconds / 1000:.3f}", **_AT_ONCE}
    said = sending.decode(sending.ask(place, PATH, form, world), _Answer, place)
    found = _of_moment(said.data.result, names, milliseconds)
    return {series: sending.number(value, place) for series, value in found}


def _of_moment(
    found: Iterable[_Found], names: Mapping[str, frozenset[str]], milliseconds: int
) -> Iterator[tuple[Series, str]]:
    for one in found:
        name = one.metric.get(NAME, "")
        for at, value in one.values:
            if round(at * 1000) == milliseconds and name in names:
                yield held.series(name, one.metric, names[name]), value
