"""Baselines: one YAML file per device, what is demanded of it and the level somebody accepted."""

import glob
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field
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
    """Who accepted the level, when, why, the report it came from, and the last day on which it holds."""

    by: str
    at: Annotated[datetime, Meta(tz=True)]
    report: str
    commit: str = ""
    reason: str = ""
    contended: bool = False
    until: date | None = None


class Baseline(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The baselines of one device; `device` is a machine's key, or a glob of keys."""

    device: str
    accepted: Accepted | None = None
    models: dict[str, dict[str, Level]] = field(default_factory=dict)


def load(folder: Path) -> dict[Path, Baseline]:
    """Every baseline in a folder by its file; none when there is no folder. A device has one file.

    A file that says `published:` holds what others measured: nobody's baseline.
    """
    found: dict[Path, Baseline] = {}
    for path in sorted(path for path in folder.glob("*.yml") if path.is_file()):
        document = codec.load_yaml(path.read_bytes(), str(path))
        if isinstance(document, dict) and "published" in document:
            continue
        baseline = _read(document, path)
        if other := next((known for known in found if found[known].device == baseline.device), None):
            raise ConfigError(f"{path} and {other} are both for {baseline.device}; put them into one file.")
        found[path] = baseline
    return found


def _read(document: object, path: Path) -> Baseline:
    baseline = codec.convert(document, Baseline, str(path))
    for model, levels in baseline.models.items():
        for metric, level in levels.items():
            given = [bound for bound in _band(level) if bound is not None]
            if given != sorted(given):
                raise ConfigError(f"{path}: models.{model}.{metric}: min, target and max must rise.")
    return baseline


def find(known: Iterable[Baseline], device: str) -> Baseline | None:
    """What is demanded of a device: the bands of every baseline whose glob matches, then its own over them.

    Levels are those of its own baseline alone: another device's say nothing of this one.
    """
    known = tuple(known)
    own = [baseline for baseline in known if baseline.device == device]
    shared = [b for b in known if b.device != device and fnmatchcase(device, b.device)]
    if not own and not shared:
        return None
    models: dict[str, dict[str, Level]] = {}
    for baseline in (*shared, *own):
        for model, levels in baseline.models.items():
            merged = models.setdefault(model, {})
            for name, level in levels.items():
                metric = metrics.find(name).name
                merged[metric] = _over(merged.get(metric, Level()), level, is_own=baseline in own)
    return Baseline(device=device, accepted=own[0].accepted if own else None, models=models)


def _over(below: Level, level: Level, *, is_own: bool) -> Level:
    """A level over another: its band where it has one, and what was accepted where it is the device's own."""
    banded = level if _is_banded(level) else below
    accepted = level if is_own else Level()
    return replace(banded, value=accepted.value, slots=accepted.slots, runs_on=accepted.runs_on)


def _band(level: Level) -> tuple[float | None, ...]:
    return (level.min, level.target, level.max)


def _is_banded(level: Level) -> bool:
    return any(bound is not None for bound in _band(level))


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
        if _is_banded(level)
    )


def missing(baseline: Baseline, measurements: Sequence[Measurement]) -> tuple[Rule, ...]:
    """A rule for each accepted metric that this run has no measurement of, so that it is named."""
    measured = {measurement.key for measurement in measurements if measurement.value is not None}
    return tuple(
        Rule(match=f"{glob.escape(model)}/{metric}", exact=True, severity="warn")
        for model, levels in baseline.models.items()
        for metric, level in levels.items()
        if level.value is not None and f"{model}/{metrics.find(metric).name}" not in measured
    )


def ended(baseline: Baseline | None, at: datetime) -> date | None:
    """The day on which what was accepted ended, if that is over at a time."""
    until = baseline.accepted.until if baseline and baseline.accepted else None
    return until if until and at.date() > until else None


def base(baseline: Baseline) -> Base | None:
    """The accepted level as something to compare with; None when nothing was accepted."""
    if baseline.accepted is None:
        return None
    accepted = baseline.accepted
    until = f" until {accepted.until}" if accepted.until else ""
    label = f"baseline accepted by {accepted.by} on {accepted.at:%Y-%m-%d}{until} from report {accepted.report}"
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
    """The baseline that takes the levels of a report, and keeps the bands there were.

    A level that this report does not have goes: nobody accepted it with the others.
    """
    models = {
        model: {name: replace(level, value=None, slots=(), runs_on="") for name, level in levels.items()}
        for model, levels in (old.models if old else {}).items()
    }
    for measurement in (m for m in report.run.measurements if m.value is not None):
        # Also a model without a level that can be compared is accepted: its history begins anew.
        levels = models.setdefault(measurement.subject, {})
        if _is_compared(measurement):
            name = next((n for n in levels if metrics.find(n).name == measurement.metric), measurement.metric)
            levels[name] = replace(
                levels.get(name, Level()), value=measurement.value, slots=measurement.slots, runs_on=measurement.device
            )
    measured = {m.subject for m in report.run.measurements if m.value is not None}
    kept = {m: {n: level for n, level in levels.items() if level != Level()} for m, levels in models.items()}
    return Baseline(
        device=report.run.machine.key,
        accepted=accepted,
        models={model: levels for model, levels in kept.items() if levels or model in measured},
    )


def _is_compared(measurement: Measurement) -> bool:
    """Whether a later run can be compared with it: facts, and what has slots and is not disturbed."""
    metric = metrics.find(measurement.metric)
    has_slots = min(measurement.slots, default=0) > 0 and metric.better is not None and not metric.calm
    return measurement.value is not None and (metric.better == "exact" or has_slots)


def file_name(device: str) -> str:
    """The file of a device's baseline: its key, made safe for a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", device).strip(".-") + ".yml"


def text(baseline: Baseline) -> str:
    """A baseline as the file people review."""
    return _HEAD + codec.encode_yaml(baseline)
