"""A repository that was watched for some weeks: reports of its key figures, and of two machines with Edge TPUs."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition.computed import Gathered
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.incidents import evaluate
from edgetpu_ci.incidents import machine as incidents
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Dependency, History, Machine, Measurement, Point, Report, Rule, Run, Shift
from tests.fakes.kpi_reports import figure

REPO = "octo/models"
END = datetime(2026, 11, 25, 12, tzinfo=UTC)
PI, NUC = "cortex-a76-4x-aarch64-1a2b3c", "n100-4x-x86_64-77aa01"
SLOWER = 21
"""The day from which one model is slower on one machine."""

GATES = (
    Rule(match="*/test_coverage", min=80),
    Rule(match="*/security_score", min=95),
    Rule(match="*/error_rate_percent", max=1),
)

_MODELS = {
    "mobilenet_v2_edgetpu": (381.7, 2.1),
    "yolo_nano_edgetpu": (126.1, 1.4),
    "efficientdet0_edgetpu": (87.7, 1.7),
}
_DEVICES = {PI: "usb 5000 Mbit/s port 2-1 · std", NUC: "pci 0000:03:00.0 · max"}
_DEPENDENCIES = (
    ("pillow", "10.1.0", "12.0.0", "high"),
    ("jinja2", "3.1.2", "3.1.6", "medium"),
    ("requests", "2.31.0", "2.32.5", "medium"),
    ("numpy", "1.26.4", "2.3.5", ""),
    ("ai-edge-litert", "2.0.2", "2.1.0", ""),
    ("msgspec", "0.19.0", "0.20.0", ""),
)


def reports(days: int, end: datetime = END) -> list[Report]:
    """Of so many days, the oldest first: each day key figures, and four times a day each machine."""
    found = [_key_figures(day, end - timedelta(days=days - 1 - day)) for day in range(days)]
    for quarter in range(4 * days):
        day = quarter / 4
        at = end - timedelta(days=days - 0.24 - day)
        found += [_benchmarks(machine, day, at) for machine in _DEVICES]
    return sorted(found, key=lambda report: report.run.at)


def known(days: int, rules: Sequence[AlertRule], end: datetime = END) -> Iterator[tuple[datetime, Known]]:
    """What was known after each run of so many days."""
    gathered, book, labels = Gathered(rules), Book(), {"repo": REPO, "branch": "main"}
    for report in reports(days, end):
        gathered.take(report, labels, report.run.at)
        seen = evaluate.observe(rules, report, labels, book.watched)
        book = incidents.advance(book, seen, rules, report.run.at)
        yield report.run.at, _known(gathered, book)


def _known(gathered: Gathered, book: Book) -> Known:
    return Known(
        version="0.1.0",
        repository=REPO,
        readings=tuple(gathered.values.values()),
        runs=tuple(gathered.runs.values()),
        dependencies=tuple(one for _, needed in gathered.needed.values() for one in needed),
        bad_runs=tuple(gathered.streaks.samples()),
        regressions=tuple(gathered.ratios.values()),
        book=book,
    )


def _report(machine: str, at: datetime, measured: Sequence[Measurement], **parts: Any) -> Report:
    commit = sha1(f"{at:%Y-%m-%d}".encode(), usedforsecurity=False).hexdigest()
    run = Run(
        id=f"{at:%Y%m%dT%H%M%SZ}-{commit[:8]}",
        at=at,
        machine=Machine(key=machine),
        measurements=tuple(measured),
        commit=commit,
        branch="main",
        url=f"https://github.com/{REPO}/actions/runs/{at:%j%H%M}",
        dependencies=parts.pop("dependencies", ()),
    )
    return Report(version="0.1.0", run=run, verdicts=judge.judge(run.measurements, (), GATES), **parts)


def _key_figures(day: int, at: datetime) -> Report:
    host = random.Random(f"figures {day}")  # noqa: S311 - noise, no secret
    month = at.day + host.uniform(-0.3, 0.3)
    whole = {
        "build_success_rate": 94.4 + 0.08 * day + host.uniform(-0.4, 0.4),
        "test_coverage": 82.5 + 0.11 * day + (-6.5 if day in range(12, 15) else host.uniform(-0.2, 0.2)),
        "security_score": 88 if day < 18 else 91,
        "outdated_dependencies": 6,
        "vulnerable_dependencies": 3,
        "high_or_graver_vulnerable_dependencies": 1,
        "medium_or_graver_vulnerable_dependencies": 3,
        "test_pass_rate": 99.2,
        "type_coverage": 92.1,
        "linting_score": 98.5,
        "pr_merge_time_hours": 4.2 + host.uniform(-0.5, 0.5),
        "commits_per_week": 15.4,
        "deployment_frequency_per_week": 3,
        "minutes_month_to_date": 118 * month,
        "cost_month_to_date_usd": 0.71 * month,
        "cost_forecast_usd": 21.3 + host.uniform(-0.8, 0.8),
        "billed_month_to_date_usd": 0.66 * month,
        "budget_used_percent": 100 * 0.71 * month / 25,
        "monitoring_cost_usd": 1.84,
        "artifact_storage_gb": 1.2 + 0.03 * day,
        "cache_storage_gb": 6.1 + host.uniform(-1, 1),
        "incidents_open": 1,
        "escalation_lateness_minutes": 3.4,
    }
    parts = [
        *(figure("workflow_cost_month_to_date_usd", share * 0.71 * month, name) for name, share in _WORKFLOWS.items()),
        *(figure("runner_cost_month_to_date_usd", share * 0.71 * month, name) for name, share in _RUNNERS.items()),
        *(figure("workflow_failure_streak", 4 if day == 9 and name == "ci.yml" else 0, name) for name in _WORKFLOWS),
    ]
    needed = tuple(Dependency(package=p, current=c, latest=new, severity=grave) for p, c, new, grave in _DEPENDENCIES)
    figures = [*(figure(name, value) for name, value in whole.items()), *parts]
    return _report(REPOSITORY, at, figures, dependencies=needed)


_WORKFLOWS = {"ci.yml": 0.6, "bench.yml": 0.3, "docs.yml": 0.1}
_RUNNERS = {"actions_linux": 0.7, "actions_macos": 0.3}


def _benchmarks(machine: str, day: float, at: datetime) -> Report:
    host = random.Random(f"{machine} {day}")  # noqa: S311 - noise, no secret
    models = [m for name in _MODELS for m in _model(name, machine, day, host)]
    histories = tuple(_history(name, machine, day) for name in _MODELS)
    return _report(machine, at, [*_host(machine, day, host), *models], history=histories)


def _history(name: str, machine: str, day: float) -> History:
    """One model became slower on one machine, and stayed so."""
    good, bad = (Point(at=END, value=1, commit=commit, report=commit) for commit in ("1a2b3c4", "9f8e7d6"))
    shift = Shift(tier="confirmed", finding="regressed", before=126.1, after=108.4, good=good, bad=bad, runs=8)
    shifts = (shift,) if _is_slower(name, machine, day) else ()
    return History(subject=name, metric="throughput_sustained_fps", runs=40, shifts=shifts)


def _is_slower(name: str, machine: str, day: float) -> bool:
    return name.startswith("yolo") and machine == PI and day >= SLOWER


def _host(machine: str, day: float, host: random.Random) -> Iterator[Measurement]:
    room = (34 if machine == NUC else 48) + 9 * host.random()
    accelerator = "apex_0" if machine == NUC else "usb 2-1"
    hot = machine == PI and day % 7 > 5.5
    for metric, value in (
        ("temperature_celsius", room + 16 * hot),
        ("thermal_state", float(2 if hot and day % 1 else int(hot))),
        ("cpu_use_percent", 4 + 9 * host.random()),
        ("memory_free_percent", 61 + 3 * host.random()),
        ("disk_free_percent", 44 - 0.5 * day),
        ("power_watts", 3.1 + 0.2 * host.random()),
    ):
        yield Measurement(subject="host", metric=metric, value=value)
    if machine == NUC:
        for metric, value in (
            ("tpu_temperature_celsius", room + 14),
            ("thermal_state", 0.0),
            ("device_status", 0.0),
            ("device_resets", float(day > 10)),
        ):
            yield Measurement(subject=accelerator, metric=metric, value=value)


def _model(name: str, machine: str, day: float, host: random.Random) -> Iterator[Measurement]:
    fps, efficiency = _MODELS[name]
    fps *= (1.22 if machine == NUC else 1) * (0.86 if _is_slower(name, machine, day) else 1)
    ms = 1000 / fps * (1 + 0.01 * host.random())
    slots = tuple(ms * (1 + 0.004 * host.random()) for _ in range(10))
    watts = 2.4 + 0.3 * host.random()
    values = {
        "latency_p10_ms": sorted(slots)[5],
        "latency_p50_ms": ms * 1.02,
        "latency_p99_ms": ms * (1.2 + 0.1 * host.random()),
        "throughput_fps": 975 / ms,
        "throughput_sustained_fps": 1000 / sorted(slots)[5],
        "cpu_time_p10_ms": ms * 0.31,
        "first_inference_ms": ms * 2.1,
        "memory_peak_mb": 74 + host.random(),
        "error_rate_percent": 1.4 if name.startswith("eff") and int(day * 4) == 61 else 0.02 * host.random(),
        "tpu_utilization_percent": 84 + 3 * host.random(),
        "throttled_percent": 0.0,
        "temperature_celsius": 55 + 4 * host.random(),
        "power_watts": watts,
        "energy_per_inference_mj": watts * ms,
        "power_efficiency_tops_per_watt": efficiency * (0.98 + 0.04 * host.random()),
    }
    for metric, value in values.items():
        spread = slots if metric == "latency_p10_ms" else ()
        yield Measurement(subject=name, metric=metric, value=value, slots=spread, device=_DEVICES[machine], n=700)
