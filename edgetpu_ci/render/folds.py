"""The folded parts of a comment: all measurements, all demands, the machine, the trend."""

from collections.abc import Sequence
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.model import Measurement, Report, Trend, Verdict
from edgetpu_ci.render import gfm, lines, mermaid, selftest, words
from edgetpu_ci.render.lines import Line

_MAX_DETAILS = 6
_MAX_CHARTS = 4
_LEAST_POINTS = 2
_STATUS: Final = {"passed": "✅ passed", "warned": "⚠️ warned", "failed": "❌ failed", "unknown": "❔ unknown"}


def of(report: Report, found: Sequence[Line]) -> list[str]:
    """Those that have anything in them, the most wanted first."""
    changed = [subject for line in found if line.standing != "passed" for subject in line.subjects]
    parts = [
        (f"All {_measured(report):,} measurements", _measurements(report)),
        (f"All {len(report.verdicts):,} verdicts", _verdicts(report.verdicts)),
        ("The machine", _machine(report)),
        ("Trend", _trend(report.trend, changed)),
    ]
    return [gfm.fold(summary, body) for summary, body in parts if body]


def _measured(report: Report) -> int:
    return sum(not metrics.published(m.metric) for m in report.run.measurements)


def _measurements(report: Report) -> str:
    changes = {comparison.key: words.change(comparison) for comparison in report.comparisons}
    # Key figures stand in tables of their own.
    models = lines.by_subject(m for m in report.run.measurements if not metrics.published(m.metric)).items()
    return "\n\n".join(_model(subject, measured, changes) for subject, measured in models)


def _model(subject: str, measured: Sequence[Measurement], changes: dict[str, str]) -> str:
    devices = dict.fromkeys(measurement.device for measurement in measured if measurement.device)
    title = " · ".join([f"**{gfm.text(subject)}**", *(gfm.text(device) for device in devices)])
    rows = [
        [
            gfm.text(words.label(m.metric)),
            gfm.text(words.value(m)),
            gfm.text(words.interval(m)),
            f"{m.n:,}" if m.n else "",
            gfm.text(changes.get(m.key, "")),
        ]
        for m in measured
        if m.value is not None
    ]
    table = gfm.table(["Metric", "Value:", "95 % interval:", "Samples:", "Change"], rows)
    missing = [
        f"Not measured: {', '.join(map(gfm.text, names))}: {gfm.text(reason, words.SENTENCE)}"
        for reason, names in lines.missing(measured).items()
    ]
    details = [_details(measurement) for measurement in measured if measurement.details]
    return "\n\n".join([title, *([table] if rows else []), *missing, *details])


def _details(measurement: Measurement) -> str:
    shown = [f"{gfm.text(name)} {gfm.text(text)}" for name, text in measurement.details[:_MAX_DETAILS]]
    more = len(measurement.details) - _MAX_DETAILS
    listed = ", ".join([*shown, *([f"{more} more"] if more > 0 else [])])
    return f"Details of {gfm.text(words.label(measurement.metric))}: {listed}"


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    rows = [
        [
            _STATUS[verdict.status],
            f"{gfm.text(verdict.subject)} · {gfm.text(words.label(verdict.metric))}",
            gfm.text(verdict.demand),
            gfm.text(verdict.because, words.SENTENCE),
        ]
        for verdict in verdicts
    ]
    return gfm.table(["", "Model · metric", "Demanded", "Found"], rows) if rows else ""


def _machine(report: Report) -> str:
    machine = report.run.machine
    facts = {
        "Device": machine.key,
        "Host": machine.host,
        "CPU": f"{machine.cpu} × {machine.cores}" if machine.cores else machine.cpu,
        "Memory": f"{machine.memory_mb:,} MB" if machine.memory_mb else "",
        "System": " ".join(filter(None, [machine.os, machine.kernel, machine.arch])),
        "Governor": machine.governor,
        "Hypervisor": machine.hypervisor,
        "Python": machine.python,
        "Load before": "" if machine.load is None else f"{machine.load:.2f}",
        "Noise floor": selftest.of_runner(report.runner) if report.runner else "",
    }
    return gfm.table(["", ""], [[name, gfm.text(fact, 120)] for name, fact in facts.items() if fact])


def _trend(trends: Sequence[Trend], changed: Sequence[str]) -> str:
    """Every course as a line of bars; a chart of a few, those that changed before the others."""
    known = [trend for trend in trends if len(trend.values) >= _LEAST_POINTS]
    wanted = sorted(known, key=lambda trend: trend.subject not in changed)[:_MAX_CHARTS]
    if not known:
        return ""
    table = gfm.table(["Model", "Metric", "Course", "First → last"], map(_course, known))
    return "\n\n".join(filter(None, [table, *map(mermaid.chart, wanted)]))


def _course(trend: Trend) -> list[str]:
    names = gfm.text(trend.subject), gfm.text(words.label(trend.metric))
    return [*names, words.sparkline(trend.values), words.course(trend)]
