"""Earlier reports of a store: what to compare with, and the trend."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

from msgspec import Struct

from edgetpu_ci import changes, codec, metrics
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import FORMAT, SCHEMA, Base, Change, Point, Report, Run, Series, Trend
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

REPORTS = "reports"
TREND = ("throughput_sustained_fps", "time_ms")
_RECENT = 60


class _Head(Struct):
    """What every report since the first begins with, whatever else it holds."""

    format: str = ""
    schema: int = 0


def decode(data: bytes, source: str) -> Report:
    """A report from its bytes; DocumentError when it is corrupt, foreign or from a newer version."""
    head = codec.decode_json(data, _Head, source)
    if head.format != FORMAT:
        raise DocumentError(f"{source} is not an edgetpu-ci report.")
    if head.schema > SCHEMA:
        raise DocumentError(
            f"{source} has schema {head.schema}, newer than the {SCHEMA} this version reads; update edgetpu-ci."
        )
    return codec.decode_json(data, Report, source)


def every(store: Store, world: World) -> tuple[Report, ...]:
    """All reports of a store, newest first; one that cannot be read is named and passed over."""
    return tuple(_readable(store, world))


def recent(store: Store, device: str, world: World) -> tuple[Report, ...]:
    """The newest reports of a device, newest first; one that cannot be read is named and passed over."""
    return tuple(islice((r for r in _readable(store, world) if r.run.machine.key == device), _RECENT))


def _readable(store: Store, world: World) -> Iterator[Report]:
    for name in reversed(store.names(REPORTS)):
        try:
            yield decode(store.read(REPORTS, name), f"report {name} in the store")
        except DocumentError as error:
            world.warn(f"Passed over: {error}")


def previous(reports: Sequence[Report], run: Run) -> Base | None:
    """The newest earlier report that measured any of the same subjects, as a base."""
    subjects = {measurement.subject for measurement in run.measurements}
    for report in reports:
        shared = tuple(m for m in report.run.measurements if m.subject in subjects and m.value is not None)
        if shared:
            label = f"previous run of {report.run.at:%Y-%m-%d %H:%M} UTC, not a baseline"
            return Base(kind="previous run", label=label, measurements=shared, contended=bool(report.run.contended))
    return None


def of_ancestor(reports: Sequence[Report], commits: Sequence[str], wanted: Iterable[str]) -> Base | None:
    """The report of the newest of some commits, newest first, that has every series that is wanted, as a base."""
    wanted = frozenset(wanted)
    for commit in commits:
        for report in (report for report in reports if report.run.commit == commit):
            known = {m.key: m for m in report.run.measurements if m.value is not None}
            if wanted <= set(known):
                label = f"report of the ancestor {commit[:7]}, measured at another time"
                contended = bool(report.run.contended)
                return Base(kind="previous run", label=label, measurements=tuple(known.values()), contended=contended)
    return None


def trend(reports: Sequence[Report], run: Run) -> tuple[Trend, ...]:
    """How each subject's throughput, or time of a run, went: oldest first, this run last."""
    found = []
    for now in run.measurements:
        if now.metric in TREND and now.value is not None:
            earlier = [m.value for r in reversed(reports) for m in r.run.measurements if m.key == now.key]
            values = (*(value for value in earlier if value is not None), now.value)
            found.append(Trend(subject=now.subject, metric=metrics.find(now.metric).name, values=values))
    return tuple(found)


def series(reports: Iterable[Report]) -> tuple[Series, ...]:
    """A series for each device, subject and metric that has a better direction, oldest first, with its changes.

    A device is a machine and what the measurement ran on there; a report given twice counts once.
    """
    found: dict[tuple[str, str, str], list[Point]] = {}
    unique = {(report.run.machine.key, report.run.id): report for report in reports}
    for report in sorted(unique.values(), key=lambda report: (report.run.at, report.run.id)):
        for measured in report.run.measurements:
            metric = metrics.find(measured.metric)
            if metric.better is not None and measured.value is not None:
                device = " · ".join(filter(None, [report.run.machine.key, measured.device]))
                found.setdefault((device, measured.subject, metric.name), []).append(_point(report.run, measured.value))
    return tuple(
        Series(device=device, subject=subject, metric=metric, points=tuple(points), changes=_changes(metric, points))
        for (device, subject, metric), points in found.items()
    )


def _changes(metric: str, points: Sequence[Point]) -> tuple[Change, ...]:
    """Of what is the same each time it is measured any difference is a change."""
    values = [point.value for point in points]
    if not metrics.find(metric).deterministic:
        return changes.find(values)
    steps = enumerate(pairwise(values), 1)
    return tuple(
        Change(index=index, tier="confirmed", before=before, after=after)
        for index, (before, after) in steps
        if before != after
    )


def _point(run: Run, value: float) -> Point:
    return Point(at=run.at, value=value, commit=run.commit, report=run.id, url=run.url)
