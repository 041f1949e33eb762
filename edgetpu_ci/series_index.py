"""The series of a device as one named value of the store, so that a run reads only reports that are new.

docs/history.md has the format. It holds nothing that the reports do not: a missing, corrupt or older one is made anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from edgetpu_ci import codec, course, history, metrics
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.model import Point, Report, Series, Shift
from edgetpu_ci.stats.levels import SPAN
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

POINTS: Final = 500
"""Newest points kept of a series; what still stands of the time before is kept as it is."""

UNSAVED: Final = 20
"""New reports that a run reads without writing the index: each write is a commit where the store is a branch."""

_SEEN: Final = 500
_FORMAT: Final = "edgetpu-ci series 1"
_DIGITS: Final = 7


class _Runs(Struct, frozen=True, kw_only=True):
    """The runs of the points, in columns; `at` in seconds since 1970."""

    reports: list[str]
    at: list[Annotated[float, Meta(ge=0, lt=1e10)]]
    commits: list[str]
    urls: list[str]


class _Column(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One series: the places of its points among the runs, and their values."""

    device: str
    subject: str
    metric: str
    runs: list[int]
    values: list[float]
    open: tuple[Shift, ...] = ()


class _Index(Struct, frozen=True, kw_only=True):
    """What the store holds; `seen` are the newest reports that were looked at, those of other devices too."""

    format: str = ""
    device: str = ""
    seen: list[str] = field(default_factory=list)
    runs: _Runs = field(default_factory=lambda: _Runs(reports=[], at=[], commits=[], urls=[]))
    series: list[_Column] = field(default_factory=list)


def load(store: Store, device: str, world: World, *, keep: bool) -> tuple[Series, ...]:
    """The series of a machine's runs on the main line, oldest first, without their changes.

    `keep` what was read for the next run; where that fails it is said, and costs the next run some time. StoreError
    when the store cannot be read.
    """
    name = f"series-{sha256(device.encode()).hexdigest()[:16]}"
    kept = store.state(name)
    index = _decode(kept, device, world)
    seen = set(index.seen)
    # Names begin with the time: where not all are remembered, one below those that are was looked at long ago.
    first = min(seen) if len(seen) >= _SEEN else ""
    names = [name for name in store.names(history.kind(device)) if name not in seen and name > first]
    known = history.points(_reports(store, names, device, world), _series(index))
    if keep and (len(names) >= UNSAVED or (kept is not None and not index.format)):
        _save(store, name, kept, _encode(device, [*index.seen, *names], known), world)
    return known


def _decode(data: bytes | None, device: str, world: World) -> _Index:
    if data is None:
        return _Index()
    try:
        index = codec.decode_json(data, _Index, "The index of series in the store")
        if index.format == _FORMAT and index.device == device and _is_whole(index):
            return index
        world.warn("The index of series in the store is of another kind; it is made anew.")
    except DocumentError as error:
        world.warn(f"{error} It is made anew from the reports.")
    return _Index()


def _is_whole(index: _Index) -> bool:
    """Whether the columns belong together."""
    runs = index.runs
    count = len(runs.reports)
    return len(runs.at) == len(runs.commits) == len(runs.urls) == count and all(
        len(column.runs) == len(column.values) and all(0 <= run < count for run in column.runs)
        for column in index.series
    )


def _reports(store: Store, names: Iterable[str], device: str, world: World) -> Iterator[Report]:
    return (
        report
        for report in history.readable(store, history.kind(device), names, world)
        if report.run.machine.key == device
    )


def _series(index: _Index) -> Iterator[Series]:
    runs = index.runs
    times = [datetime.fromtimestamp(at, UTC) for at in runs.at]
    for column in index.series:
        points = [
            Point(at=times[n], value=value, commit=runs.commits[n], report=runs.reports[n], url=runs.urls[n])
            for n, value in zip(column.runs, column.values, strict=True)
        ]
        yield Series(
            device=column.device, subject=column.subject, metric=column.metric, points=tuple(points), open=column.open
        )


def _save(store: Store, name: str, kept: bytes | None, data: bytes, world: World) -> None:
    try:
        # Another job that was faster has written the same, or more: nothing is lost.
        store.swap(name, kept, data)
    except StoreError as error:
        world.warn(f"The index of series could not be kept; the next run reads these reports again: {error}")


def _encode(device: str, seen: Sequence[str], known: Iterable[Series]) -> bytes:
    kept = [_trimmed(one) for one in known]
    runs = {point.report: point for one in kept for point in one.points}
    ordered = sorted(runs.values(), key=lambda point: (point.at, point.report))
    places = {point.report: place for place, point in enumerate(ordered)}
    index = _Index(
        format=_FORMAT,
        device=device,
        seen=sorted(set(seen))[-_SEEN:],
        runs=_Runs(
            reports=[point.report for point in ordered],
            at=[point.at.timestamp() for point in ordered],
            commits=[point.commit for point in ordered],
            urls=[point.url for point in ordered],
        ),
        series=[_column(one, places) for one in kept],
    )
    return codec.encode_json_line(index)


def _column(series: Series, places: Mapping[str, int]) -> _Column:
    exact = metrics.find(series.metric).deterministic
    return _Column(
        device=series.device,
        subject=series.subject,
        metric=series.metric,
        runs=[places[point.report] for point in series.points],
        values=[point.value if exact else float(f"{point.value:.{_DIGITS}g}") for point in series.points],
        open=series.open,
    )


def _trimmed(series: Series) -> Series:
    """Only the newest points; a change that still stands is kept whole, or as what is known of it."""
    cut = len(series.points) - POINTS
    if cut <= 0:
        return series
    standing = [s for s in course.standing(series) if s.finding == "regressed" and s.tier == "confirmed"]
    places = {point.report: place for place, point in enumerate(series.points)}
    starts = [places[shift.bad.report] for shift in standing if shift.bad.report in places]
    # Of a change that is about to go, nothing stays that could be found again.
    cut = max([cut, *(start for start in starts if start < cut + SPAN)])
    gone = tuple(shift for shift in standing if places.get(shift.bad.report, 0) <= cut)
    return replace(series, points=series.points[cut:], open=gone)
