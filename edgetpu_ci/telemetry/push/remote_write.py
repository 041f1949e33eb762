"""Prometheus's remote write, which many take: samples as of now, read back by the query API."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.errors import UnsetError
from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry.push import batches, querying, sending, snappy, way, write_request
from edgetpu_ci.telemetry.push import place as places
from edgetpu_ci.telemetry.push.place import Kind, Place
from edgetpu_ci.telemetry.push.way import Target, milliseconds
from edgetpu_ci.world import World

KIND: Final = Kind("Remote write", "EDGETPU_CI_REMOTE_WRITE", "http://prometheus:9090/api/v1/write")

_MOST: Final = 5_000
"""Samples in one request: receivers refuse very large ones."""

_HEADERS: Final = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_QUERIES: Final = {"/api/v1/write": "", "/api/prom/push": "/api/prom"}
"""Where to ask, by how an address for writing ends."""

_CLOCKS: Final = "another push has a newer time, so that the clocks of the runners differ: set them, and push again"
_STEPS: Final[Mapping[str, str]] = {
    "out of order": _CLOCKS,
    "out of bounds": _CLOCKS,
    "too old": _CLOCKS,
    "duplicate sample": "another push was of the same moment: push again",
    "receiver": "start Prometheus with --web.enable-remote-write-receiver",
}
"""By what stands in the answer. Prometheus says "too old sample" with a 500, as if trying again could help."""


def push(families: Sequence[Family], target: Target, world: World) -> str:
    """Write all series as of now, and read them back; a clause that says so."""
    place = places.find(KIND, world.env, target.url)
    asked = _asked(place, target, world)
    now = milliseconds(world.now())
    for batch in batches.cut(families, _MOST):
        data = snappy.wrapped(write_request.encode(batch, now))
        sending.send(sending.Parcel(path="", data=data, headers=_HEADERS, steps=_STEPS), place, world)
    querying.check(families, now, asked, world)
    return way.has_all(asked.name)


def _asked(place: Place, target: Target, world: World) -> Place:
    """Who tells what was written: as the option or the variable says, else the same server."""
    if target.query_url or world.env.get(f"{querying.KIND.prefix}_URL"):
        return places.find(querying.KIND, world.env, target.query_url)
    for ending, instead in _QUERIES.items():
        if place.url.endswith(ending):
            return replace(place, url=place.url.removesuffix(ending) + instead)
    raise UnsetError(
        f"{querying.KIND.prefix}_URL is not set; set it to the address below which {querying.PATH} tells what was "
        "written, or give --query-url."
    )
