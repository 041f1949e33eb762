"""Baselines: one YAML file per device, what is demanded of it and the level somebody accepted."""

import glob
import re
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from edgetpu_ci import codec, metrics
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Base, Measurement, Report, Rule, Severity

_HEAD = (
    "# Bands (min, target, max) are yours to edit; `value` and `slots` are written by `edgetpu-ci baseline accept`.\n"
)


class Level(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One metric of one model: a band somebody wants, and the level somebody accepted."""

    min: float | None = None
    target: float | None = None
    max: float | None = None
    severity: Severity = "fail"
    value: float | None = None
    slots: tuple[float, ...] = ()
    runs_on: str = ""


class Accepted(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who accepted the level, when, why, and the report it came from."""

    by: str
    at: datetime
    report: str
    commit: str = ""
    reason: str = ""
    contended: bool = False


class Baseline(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The baselines of one device; `device` is a machine's key, or a glob of keys."""

    device: str
    accepted: Accepted | None = None
    models: dict[str, dict[str, Level]] = field(default_factory=dict)


def load(folder: Path) -> tuple[Baseline, ...]:
    """Every baseline in a folder, by file name; none when there is no folder."""
    return tuple(_read(path) for path in sorted(folder.glob("*.yml")))


def _read(path: Path) -> Baseline:
    baseline = codec.decode_yaml(path.read_bytes(), Baseline, str(path))
    for model, levels in baseline.models.items():
        for metric, level in levels.items():
            given = [bound for bound in (level.min, level.target, level.max) if bound is not None]
            if given != sorted(given):
                raise ConfigError(f"{path}: models.{model}.{metric}: min, target and max must rise.")
    return baseline


def find(baselines: Sequence[Baseline], device: str) -> Baseline | None:
    """The baseline of a device: its own before one whose glob matches."""
    named = [baseline for baseline in baselines if baseline.device == device]
    matching = [baseline for baseline in baselines if fnmatchcase(device, baseline.device)]
    return next(iter(named + matching), None)


def rules(baseline: Baseline) -> tuple[Rule, ...]:
    """The demands of a baseline: its bands, and that what was accepted is still measured."""
    return tuple(
        Rule(
            match=f"{glob.escape(model)}/{metric}",
            min=level.min,
            target=level.target,
            max=level.max,
            severity=level.severity,
        )
        for model, levels in baseline.models.items()
        for metric, level in levels.items()
        if (level.min, level.target, level.max) != (None, None, None)
    )


def missing(baseline: Baseline, measurements: Sequence[Measurement]) -> tuple[Rule, ...]:
    """A rule for each accepted metric that this run has no measurement of, so that it is named."""
    measured = {measurement.key for measurement in measurements}
    return tuple(
        Rule(match=f"{glob.escape(model)}/{metric}", exact=True, severity="warn")
        for model, levels in baseline.models.items()
        for metric, level in levels.items()
        if level.value is not None and f"{model}/{metrics.find(metric).name}" not in measured
    )


def base(baseline: Baseline) -> Base | None:
    """The accepted level as something to compare with; None when nothing was accepted."""
    if baseline.accepted is None:
        return None
    accepted = baseline.accepted
    label = f"baseline accepted by {accepted.by} on {accepted.at:%Y-%m-%d} from report {accepted.report}"
    return Base(
        kind="baseline",
        label=label,
        contended=accepted.contended,
        measurements=tuple(
            Measurement(
                subject=model,
                metric=metrics.find(metric).name,
                value=level.value,
                slots=level.slots,
                device=level.runs_on,
            )
            for model, levels in baseline.models.items()
            for metric, level in levels.items()
            if level.value is not None
        ),
    )


def accept(report: Report, old: Baseline | None, accepted: Accepted) -> Baseline:
    """The baseline that takes the levels of a report, and keeps the bands there were."""
    models = {model: dict(levels) for model, levels in (old.models if old else {}).items()}
    for measurement in report.run.measurements:
        if _is_compared(measurement):
            levels = models.setdefault(measurement.subject, {})
            name = next((n for n in levels if metrics.find(n).name == measurement.metric), measurement.metric)
            levels[name] = replace(
                levels.get(name, Level()), value=measurement.value, slots=measurement.slots, runs_on=measurement.device
            )
    return Baseline(device=report.run.machine.key, accepted=accepted, models=models)


def _is_compared(measurement: Measurement) -> bool:
    """Whether a later run can be compared with it: facts, and what has slots and is not disturbed."""
    metric = metrics.find(measurement.metric)
    has_slots = bool(measurement.slots) and metric.better is not None and not metric.calm
    return measurement.value is not None and (metric.better == "exact" or has_slots)


def file_name(device: str) -> str:
    """The file of a device's baseline: its key, made safe for a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", device).strip(".-") + ".yml"


def text(baseline: Baseline) -> str:
    """A baseline as the file people review."""
    return _HEAD + codec.encode_yaml(baseline)
