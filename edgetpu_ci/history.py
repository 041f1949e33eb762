"""Earlier reports of a store: what to compare with, the trend, and the series they make."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from math import isfinite
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec, course, metrics, validity
from edgetpu_ci.baselines import Baseline
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.judging import demand
from edgetpu_ci.model import (
    FORMAT,
    REPOSITORY,
    SCHEMA,
    Base,
    History,
    Measurement,
    Point,
    Report,
    Rule,
    Run,
    Series,
    Trend,
)
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

Counting = Callable[[str, str], int | None]
"""How many commits lead from one to another; None where nobody knows."""

REPORTS = "reports"
KPIS = "kpis"
"""Reports of the repository are a kind of their own: a benchmark does not read through those to find its last run."""

BESIDE = " · "
"""Between a machine and what a measurement ran on there, in the device of a series."""

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


def kind(device: str) -> str:
    """As which kind of document the reports of a machine are kept."""
    return KPIS if device == REPOSITORY else REPORTS


def every(store: Store, world: World) -> tuple[Report, ...]:
    """All reports of a store, newest first; one that cannot be read is named and passed over."""
    found = [report for kept in (REPORTS, KPIS) for report in readable(store, kept, store.names(kept), world)]
    return tuple(sorted(found, key=lambda report: report.run.id, reverse=True))


def recent(store: Store, device: str, world: World) -> Iterator[Report]:
    """The newest reports of a device, newest first, each read when it is asked for."""
    found = newest(store, kind(device), world)
    return islice((report for report in found if report.run.machine.key == device), _RECENT)


def newest(store: Store, kept: str, world: World) -> Iterator[Report]:
    """All reports of one kind, newest first, each read when it is asked for."""
    return readable(store, kept, reversed(store.names(kept)), world)


def readable(store: Store, kept: str, names: Iterable[str], world: World) -> Iterator[Report]:
    """Some reports of one kind of a store; one that cannot be read is named and passed over."""
    for name in names:
        try:
            yield decode(store.read(kept, name), f"report {name} in the store")
        except DocumentError as error:
            world.warn(f"Passed over: {error}")


def previous(reports: Iterable[Report], run: Run) -> Base | None:
    """The newest earlier report that measured any of the same subjects, as a base."""
    subjects = {measurement.subject for measurement in run.measurements}
    for report in reports:
        shared = tuple(m for m in validity.counted(report.run.measurements) if m.subject in subjects)
        if shared:
            label = f"previous run of {report.run.at:%Y-%m-%d %H:%M} UTC, not a baseline"
            return Base(kind="previous run", label=label, measurements=shared, contended=bool(report.run.contended))
    return None


def of_ancestor(reports: Iterable[Report], commits: Sequence[str], wanted: Iterable[str]) -> Base | None:
    """The report of the newest of some commits, newest first, that has every series that is wanted, as a base."""
    wanted, reports = frozenset(wanted), tuple(reports) if commits else ()
    for commit in commits:
        for report in (report for report in reports if report.run.commit == commit):
            known = {m.key: m for m in validity.counted(report.run.measurements)}
            if wanted <= set(known):
                label = f"report of the ancestor {commit[:7]}, measured at another time"
                contended = bool(report.run.contended)
                return Base(kind="previous run", label=label, measurements=tuple(known.values()), contended=contended)
    return None


def trend(known: Iterable[Series], run: Run) -> tuple[Trend, ...]:
    """How each subject's throughput, or time of a run, and the repository's key figures went: this run last."""
    series = {(one.device, one.subject, one.metric): one for one in known}
    found = []
    for now in validity.counted(run.measurements):
        metric = metrics.find(now.metric).name
        if _has_trend(now) and now.value is not None:
            past = series.get((device(run, now), now.subject, metric))
            earlier = [point for point in past.points if point.report != run.id][-_RECENT:] if past else []
            values = (*(point.value for point in earlier), now.value)
            since = earlier[0].at if earlier else None
            found.append(Trend(subject=now.subject, metric=metric, values=values, since=since))
    return tuple(found)


def _has_trend(measured: Measurement) -> bool:
    metric = metrics.find(measured.metric)
    is_kpi = measured.subject == REPOSITORY and metrics.published(metric.name) is not None and metric.better is not None
    return metric.name in TREND or is_kpi


def device(run: Run, measured: Measurement) -> str:
    """The device of a series: the machine, and what the measurement ran on there."""
    return BESIDE.join(filter(None, [run.machine.key, measured.device]))


def is_main_line(run: Run) -> bool:
    """Whether a run is a point of main's history."""
    return run.pull_request is None and not run.aside


def series(reports: Iterable[Report]) -> tuple[Series, ...]:
    """A series for each device, subject and metric that has a better direction, oldest first, with its changes.

    Only of runs of the main line: what a pull request measured may never have been merged. A report given twice counts
    once. A metric that other work disturbs has no changes of its own: they are looked for in its calm one.
    """
    found = ((one, metrics.find(one.metric)) for one in points(reports))
    return tuple(
        one if metric.calm else replace(one, changes=course.find(one.metric, one.points)) for one, metric in found
    )


def points(reports: Iterable[Report], known: Iterable[Series] = ()) -> tuple[Series, ...]:
    """The same without looking for changes, added to the points of `known` series."""
    runs = {(report.run.machine.key, report.run.id): report.run for report in reports}
    found = {(one.device, one.subject, one.metric): one for one in known}
    new: dict[tuple[str, str, str], dict[str, Point]] = {}
    for run in runs.values():
        for measured in validity.counted(run.measurements) if is_main_line(run) else ():
            metric = metrics.find(measured.metric)
            if metric.better is not None and measured.value is not None and isfinite(measured.value):
                column = new.setdefault((device(run, measured), measured.subject, metric.name), {})
                column[run.id] = Point(at=run.at, value=measured.value, commit=run.commit, report=run.id, url=run.url)
    for key, column in new.items():
        past = found.get(key, Series(device=key[0], subject=key[1], metric=key[2], points=()))
        merged = {point.report: point for point in past.points} | column
        found[key] = replace(past, points=tuple(sorted(merged.values(), key=lambda point: (point.at, point.report))))
    return tuple(found.values())


def until(at: datetime, known: Iterable[Series]) -> tuple[Series, ...]:
    """The series as they were at a time."""
    return tuple(replace(one, points=tuple(point for point in one.points if point.at <= at)) for one in known)


def judged(
    known: Iterable[Series], run: Run, rules: Sequence[Rule], baseline: Baseline | None, commits: Counting
) -> tuple[History, ...]:
    """What the series that a rule watches say with this run as their newest point."""
    return tuple(
        History(
            subject=one.subject,
            metric=one.metric,
            runs=len(one.points),
            shifts=tuple(
                replace(shift, commits=commits(shift.good.commit, shift.bad.commit))
                for shift in course.standing(one, course.accepted(baseline, one))
            ),
        )
        for one in watched(points([Report(run=run)], known), run, rules)
    )


class Stray(NamedTuple):
    """A measurement out of the range of its latest runs, and on which side: -1 below, 1 above."""

    measurement: Measurement
    side: int


def strays(known: Iterable[Series], run: Run, rules: Sequence[Rule]) -> tuple[Stray, ...]:
    """The measurements of a run that are out of the range of the newest level of a watched series."""
    past = {(one.device, one.key): one for one in watched(known, run, rules)}
    found = [(m, past.get((device(run, m), m.key))) for m in validity.counted(run.measurements)]
    sides = [Stray(m, course.side(one, m.value or 0.0)) for m, one in found if one]
    return tuple(stray for stray in sides if stray.side)


def watched(known: Iterable[Series], run: Run, rules: Sequence[Rule]) -> tuple[Series, ...]:
    """The series of what a run measured that a rule watches. Facts have no noise to see through."""
    measured = [m for m in run.measurements if m.value is not None]
    demands = [rule for rule in rules if rule.no_change_point]
    keys = {demand.watched(rule, m) for rule in demands for m in measured if demand.matches(rule, m)}
    wanted = {(device(run, m), m.key) for m in measured if m.key in keys}
    return tuple(one for one in known if (one.device, one.key) in wanted and not metrics.find(one.metric).deterministic)
