"""VictoriaMetrics' own import, of samples as of now: it says yes to garbage as well, and is asked what it has."""

from collections.abc import Sequence
from typing import Final

from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry import victoria
from edgetpu_ci.telemetry.push import batches, querying, sending, way
from edgetpu_ci.telemetry.push import place as places
from edgetpu_ci.telemetry.push.way import Target, milliseconds
from edgetpu_ci.world import World

_MOST: Final = 10_000
"""Samples in one request."""


def push(families: Sequence[Family], target: Target, world: World) -> str:
    """Import all series as of now, and read them back; a clause that says so."""
    place = places.find(victoria.KIND, world.env, target.url)
    now = milliseconds(world.now())
    for batch in batches.cut(families, _MOST):
        samples = ((family.name, one) for family in batch for one in family.samples)
        lines = [victoria.line(name, one.labels, [now], [one.value]) for name, one in samples]
        sending.send(victoria.parcel(lines), place, world)
    querying.check(families, now, place, world)
    return way.has_all(place.name)
