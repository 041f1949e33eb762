"""VictoriaMetrics takes samples of any age; what it has already is not sent again, for it would keep both.

It says yes to garbage, and to what is older than it keeps: everything is read back.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from math import isclose
from typing import Final

import msgspec

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.exposition.past import Past
from edgetpu_ci.exposition.record import Line
from edgetpu_ci.telemetry import victoria
from edgetpu_ci.telemetry.backfill.told import Brought
from edgetpu_ci.telemetry.push import held, sending
from edgetpu_ci.telemetry.push.held import Series
from edgetpu_ci.telemetry.push.place import Place
from edgetpu_ci.telemetry.push.write_request import NAME
from edgetpu_ci.world import World

_MOST: Final = 50_000
_MOST_SERIES: Final = 500
"""Samples and series in one request."""

_SECONDS: Final = 30.0
_PAUSE: Final = 1.0


def bring(past: Past, place: Place, world: World) -> Brought:
    """Send what is not there yet, and read all of it back; DeliveryError where a sample is missing or differs."""
    series = samples = new = 0
    for batch in batches(past.lines()):
        missing = list(_missing(batch, _held(batch, place, world)))
        series += len(batch)
        samples += sum(len(line.times) for line in batch)
        new += sum(len(line.times) for line in missing)
        if missing:
            sending.send(victoria.parcel(victoria.line(*one) for one in missing), place, world)
    until = world.monotonic() + _SECONDS
    for batch in batches(past.lines()):
        found = _arrived(batch, until, place, world)
        for one in batch:
            _check_values(one, found[held.key(one.name, one.labels)], place)
    return Brought(series=series, samples=samples, new=new, where=place.name)


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Series in parts that one request holds; one that is longer than that is cut."""
    batch: list[Line] = []
    size = 0
    for line in chain.from_iterable(map(_cut, lines)):
        if batch and (size + len(line.times) > _MOST or len(batch) == _MOST_SERIES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.times)
    if batch:
        yield batch


def _cut(line: Line) -> Iterator[Line]:
    for start in range(0, len(line.times), _MOST):
        part = slice(start, start + _MOST)
        yield line._replace(times=line.times[part], values=line.values[part])


def _missing(batch: Iterable[Line], found: dict[Series, dict[int, float]]) -> Iterator[Line]:
    for line in batch:
        known = found.get(held.key(line.name, line.labels), {})
        new = [(at, value) for at, value in zip(line.times, line.values, strict=True) if at not in known]
        if new:
            yield line._replace(times=[at for at, _ in new], values=[value for _, value in new])


def _arrived(batch: Sequence[Line], until: float, place: Place, world: World) -> dict[Series, dict[int, float]]:
    """What it has of some series, once all of it is there: what is new shows after a second or so."""
    while True:
        found = _held(batch, place, world)
        lost = next(_missing(batch, found), None)
        if lost is None:
            return found
        if world.monotonic() + _PAUSE >= until:
            raise DeliveryError(
                f"{place.name} took {_shown(lost)} of {_moment(lost.times[0])} and does not have it; look whether it "
                "keeps so long (-retentionPeriod), and try again: what is there is not sent twice."
            )
        world.sleep(_PAUSE)


def _check_values(line: Line, found: dict[int, float], place: Place) -> None:
    # What it keeps, it keeps of the largest value of a series.
    tolerance = held.DIGITS * max(map(abs, line.values))
    for at, value in zip(line.times, line.values, strict=True):
        if not isclose(value, found[at], rel_tol=held.DIGITS, abs_tol=tolerance):
            raise DeliveryError(
                f"{place.name} has {found[at]:.15g}, not {value:.15g} of {_shown(line)} at {_moment(at)}; delete that "
                "series there (/api/v1/admin/tsdb/delete_series), and try again."
            )


def _held(batch: Sequence[Line], place: Place, world: World) -> dict[Series, dict[int, float]]:
    """What it has of some series in their time."""
    asked = world.token()
    form: dict[str, str | list[str]] = {
        "match[]": [_selector(line, asked) for line in batch],
        "start": f"{min(line.times[0] for line in batch) / 1000:.3f}",
        "end": f"{max(line.times[-1] for line in batch) / 1000:.3f}",
    }
    known = held.names((line.name, line.labels) for line in batch)
    found: dict[Series, dict[int, float]] = {}
    for said in sending.ask(place, "/api/v1/export", form, world).splitlines():
        one = sending.decode(said, victoria.Line, place)
        name = one.metric.get(NAME, "")
        if name in known:
            of_series = found.setdefault(held.series(name, one.metric, known[name]), {})
            pairs = zip(one.timestamps, one.values, strict=False)
            of_series.update((at, value) for at, value in pairs if value is not None)
    return found


def _selector(line: Line, asked: str) -> str:
    """`asked` is a word of this time: it remembers for ten seconds what matched nothing, and would say so again."""
    # Its texts are quoted as JSON's are.
    matchers = [f"{name}={msgspec.json.encode(value).decode()}" for name, value in line.labels if value]
    return f'{line.name}{{{",".join([*matchers, ""])}asked!="{asked}"}}'


def _shown(line: Line) -> str:
    return held.shown(held.key(line.name, line.labels))


def _moment(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"
