"""Alerts and timelines of reports, drawn: values around thresholds and on them, unknown ones, runs that miss."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any, Final, Literal, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.model import REPOSITORY, History, Measurement, Point, Report, Shift, Status, Verdict
from tests.fakes import alerting

MINUTES: Final = 40

_HOSTILE: Final = 'yo"lo\\{v8}\n$1 {{ .Labels }} é'
_KPIS: Final[Mapping[str, float]] = {
    "test_coverage": 80.0,
    "code_coverage": 33.3,
    "build_time_seconds": 0.1,
    "pr_merge_time_hours": 7.7,
    "build_failure_streak": 3.0,
    "package_available": 1.0,
    "storage_gb": 0.3,
    "minutes_month_to_date": 1.1,
}
_BENCHMARKS: Final[Mapping[str, float]] = {
    "latency_p99_ms": 2.2,
    "p99_latency_ms": 5.35,
    "latency_p10_ms": 1.1,
    "memory_peak_mb": 128.3,
    "error_rate_percent": 1.0,
    "throughput_fps": 150.0,
    "throughput_sustained_fps": 800.0,
    "model_bytes": 4096.0,
}
_SUBJECTS: Final = {True: (REPOSITORY, "ci.yml", "a[b]*"), False: ("mobilenet", _HOSTILE)}
_PLACES: Final = {True: ((REPOSITORY, ""),), False: (("pi5", "cpu"), ("pi5", "edgetpu"), ("big-box", "cpu"))}
_BY: Final[Sequence[tuple[Literal["subject", "metric", "device"], ...]]] = (
    ("subject",),
    ("subject",),
    ("subject",),
    ("subject",),
    ("subject", "device"),
    ("subject", "metric"),
    ("device",),
    (),
)
_STATUSES: Final[Sequence[Status]] = ("passed", "failed", "failed", "warned", "unknown")


class Scenario(NamedTuple):
    """Alerts, how values come to Prometheus, and the reports of each minute from 0 to MINUTES."""

    rules: tuple[AlertRule, ...]
    flavour: Flavour
    reports: Mapping[int, Sequence[Report]]


def scenarios(seed: int, count: int) -> Iterator[Scenario]:
    """The same for the same seed; every second one is pushed."""
    for number in range(count):
        draw = Random(f"{seed} {number}")  # noqa: S311 - drawn again the same
        rules = tuple(_rule(draw, f"r{n}") for n in range(8))
        yield Scenario(rules, ("scrape", "push")[number % 2], _Timeline(draw).reports())


def _rule(draw: Random, name: str) -> AlertRule:
    # Half of them so that Prometheus may decide by itself.
    is_plain = draw.random() < 0.5
    is_kpi = is_plain or draw.random() < 0.3
    metric = draw.choice(list(_KPIS if is_kpi else _BENCHMARKS))
    subject = draw.choice(["*", "*", *_SUBJECTS[is_kpi], "?i.yml", "*o*"])
    demand = _demand(draw, {**_KPIS, **_BENCHMARKS}[metric], is_plain=is_plain)
    # Of a streak Prometheus counts the time from when it is long enough, and we from its first run.
    is_streak = any(demand.get(name) for name in ("streak_above", "missing_above"))
    lasting = ["", "", *([] if is_plain else ["2 runs", "3 runs"]), *([] if is_streak else ["3 min", "90 s"])]
    return AlertRule(
        name=name,
        match=f"{subject}/{metric if is_plain or draw.random() < 0.7 else metric[:-2] + '*'}",
        over=draw.choice(["", "", "max", "min", "sum", "avg", "count"]),
        by=draw.choice(_BY[:-2] if is_plain else _BY),
        for_="" if "silent_above_hours" in demand else draw.choice(lasting),
        resolve_after=draw.choice([1, 2, 2, 3]),
        severity=draw.choice(["info", "warning", "error", "critical"]),
        priority=draw.choice(["", "p0", "p{{1}}"]),
        **demand,
    )


def _demand(draw: Random, limit: float, *, is_plain: bool) -> dict[str, Any]:
    others = [] if is_plain else ["streak_above", "missing_above", "worse_by_percent", "silence"]
    kind = draw.choice(["above", "below", *others])
    if kind in {"above", "below"}:
        return {kind: draw.choice([limit, limit, 0.0, 2.0])}
    if kind == "silence":
        return {"silent_above_hours": draw.choice([1 / 60, 0.05, 0.1])}
    return {kind: 10.0 if kind == "worse_by_percent" else draw.choice([0, 1, 2])}


class _Timeline:
    """Series that stay for a while on the side of their limit where they are."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._sides: dict[tuple[str, ...], float] = {}
        self._often = draw.choice([0.3, 0.6, 0.95])

    def reports(self) -> dict[int, list[Report]]:
        """Those of each minute that has some."""
        found = {minute: list(self._of(minute)) for minute in range(MINUTES)}
        return {minute: reports for minute, reports in found.items() if reports}

    def _of(self, minute: int) -> Iterator[Report]:
        for is_kpi, places in _PLACES.items():
            for machine in dict.fromkeys(machine for machine, _ in places):
                if self._draw.random() < self._often:
                    devices = [device for whose, device in places if whose == machine]
                    yield self._report(minute, machine, list(self._measured(is_kpi, machine, devices)))

    def _measured(self, is_kpi: bool, machine: str, devices: Sequence[str]) -> Iterator[Measurement]:  # noqa: FBT001
        for subject in _SUBJECTS[is_kpi]:
            for name, limit in (_KPIS if is_kpi else _BENCHMARKS).items():
                metric = metrics.find(name).name
                for device in devices if metric == name else ():
                    if self._draw.random() < 0.9:
                        value = self._value((machine, subject, metric, device), limit)
                        parts = {"device": device, "failed": not is_kpi and self._draw.random() < 0.02}
                        yield alerting.value(metric, value, subject, **parts)
            if not is_kpi and self._draw.random() < 0.1:
                yield alerting.value("throttled_percent", 99.0, subject)

    def _value(self, series: tuple[str, ...], limit: float) -> float | None:
        """Unknown, on the limit, or next to it on the side where it was, mostly."""
        chance = self._draw.random()
        if chance < 0.1:
            return None
        if chance < 0.3:
            self._sides[series] = self._draw.choice([-1.0, 0.0, 1.0])
        side = self._sides.setdefault(series, self._draw.choice([-1.0, 0.0, 1.0]))
        return limit + side * self._draw.choice([1e-9, 1.0]) * max(1.0, limit)

    def _report(self, minute: int, machine: str, measured: Sequence[Measurement]) -> Report:
        found = alerting.report(*measured, minutes=minute, machine=machine, contended=self._busy())
        run = found.run
        branch = self._draw.choice(["main", "main", "release/1"]) if machine == REPOSITORY else "main"
        run = replace(run, id=f"{run.at:%Y%m%dT%H%M%SZ}-{machine}", branch=branch)
        verdicts = tuple(self._verdict(m) for m in measured if self._draw.random() < 0.7)
        return replace(found, run=run, verdicts=verdicts, history=tuple(self._history(measured, run.at)))

    def _busy(self) -> str:
        return "another job ran" if self._draw.random() < 0.2 else ""

    def _verdict(self, measured: Measurement) -> Verdict:
        status = self._draw.choice(_STATUSES)
        return Verdict(subject=measured.subject, metric=measured.metric, status=status, weight="fail", because="drawn")

    def _history(self, measured: Sequence[Measurement], at: datetime) -> Iterator[History]:
        for subject, metric in dict.fromkeys((m.subject, m.metric) for m in measured):
            if self._draw.random() < 0.7:
                runs = self._draw.choice([1, 20, 20, 20])
                yield History(subject=subject, metric=metric, runs=runs, shifts=tuple(self._shifts(at)))

    def _shifts(self, at: datetime) -> Iterator[Shift]:
        """One that begins with this run: a rule on what lasts counts from when it began."""
        if self._draw.random() < 0.6:
            after = self._draw.choice([50.0, 89.9, 90.0, 111.0, 150.0])
            point = Point(at=at, value=1, commit="9f8e7d6", report="r")
            yield Shift(
                tier=self._draw.choice(["confirmed", "confirmed", "suspected"]),
                finding="regressed",
                before=100.0,
                after=after,
                good=point,
                bad=point,
                runs=3,
            )
