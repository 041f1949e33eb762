"""Prometheus's Pushgateway: it keeps what is pushed last of each group until it is deleted, and is scraped."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from edgetpu_ci.exposition import text
from edgetpu_ci.exposition.record import Family, Labels, Sample
from edgetpu_ci.telemetry.push import held, sending, way
from edgetpu_ci.telemetry.push import place as places
from edgetpu_ci.telemetry.push.held import Series
from edgetpu_ci.telemetry.push.place import Kind, Place
from edgetpu_ci.telemetry.push.way import Target
from edgetpu_ci.world import World

KIND: Final = Kind("Pushgateway", "EDGETPU_CI_PUSHGATEWAY", "http://pushgateway:9091")
JOB: Final = "edgetpu_ci"

_BY: Final = ("repo", "machine")
"""A group each, so that two machines that push what each knows leave each other's in place."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")
_HEADERS: Final = {"Content-Type": text.PROMETHEUS, "Content-Encoding": "gzip"}
_STEPS: Final[Mapping[str, str]] = {
    "collected before": "another group has the same series: delete that one",
    "is not a": "another group has the name with another type: delete that one",
}


class _Metric(Struct, frozen=True):
    labels: dict[str, str]
    value: str


class _Metrics(Struct, frozen=True):
    metrics: tuple[_Metric, ...] = ()


class _Groups(Struct, frozen=True):
    data: list[dict[str, Raw]]


def push(families: Sequence[Family], target: Target, world: World) -> str:
    """Put each group in the place of what it was, or of its names alone where not all is pushed; read them back."""
    place = places.find(KIND, world.env, target.url)
    by_group = groups(families)
    for group, members in by_group.items():
        data = sending.packed(text.prometheus(members).encode())
        parcel = sending.Parcel(path=path(group), data=data, headers=_HEADERS, put=target.is_whole, steps=_STEPS)
        sending.send(parcel, place, world)
    found = dict(_held(by_group, place, world))
    held.check(held.of(families), found, place.name)
    return way.has_all(place.name)


def groups(families: Sequence[Family]) -> dict[Labels, list[Family]]:
    """The families of each group, by the labels that name it."""
    found: dict[Labels, dict[str, list[Sample]]] = {}
    for family in families:
        for sample in family.samples:
            group = tuple(label for label in sample.labels if label[0] in _BY and label[1])
            found.setdefault(group, {}).setdefault(family.name, []).append(sample)
    known = {family.name: family for family in families}
    return {
        group: [replace(known[name], samples=samples) for name, samples in members.items()]
        for group, members in found.items()
    }


def path(group: Labels) -> str:
    """The path of a group; values with a slash or anything else of its own in base64."""
    return f"/metrics/job/{JOB}" + "".join(f"/{_part(name, value)}" for name, value in group)


def _part(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"{name}/{value}"
    return f"{name}@base64/{base64.urlsafe_b64encode(value.encode()).decode().rstrip('=')}"


def _held(by_group: Mapping[Labels, Sequence[Family]], place: Place, world: World) -> Iterator[tuple[Series, float]]:
    """What the groups hold now."""
    said = sending.decode(sending.get(place, "/api/v1/metrics", world), _Groups, place)
    wanted = {frozenset((("job", JOB), *group)): members for group, members in by_group.items()}
    for one in said.data:
        labels = frozenset(sending.decode(bytes(one.get("labels", b"{}")), dict[str, str], place).items())
        for name, known in held.names(held.of(wanted.get(labels, ()))).items():
            for metric in sending.decode(bytes(one.get(name, b"{}")), _Metrics, place).metrics:
                yield held.series(name, metric.labels, known), sending.number(metric.value, place)
